//! How much mail Pro users received, by day.

use mayfly_proto::mailbox::{GetUsageRequest, ListUsageDaysRequest};
use mayfly_rpc::Failure;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{Clock as _, ErrorCode, Reason};
use time::{Duration, OffsetDateTime};

use crate::{
    mailboxes::delete,
    sweep::rows,
    world::{World, assert_refused, mail, scope, user},
};

db_test!(
    list_usage_days_counts_messages_per_day,
    what_is_counted_follows_the_day_of_the_clock_and_ends_after_90,
);

/// Lists messages and bytes, oldest first, and checks that no day is left out.
async fn days(world: &World, owner: &str, days: u32) -> Result<Vec<(i64, i64)>, Failure> {
    let owner_user_id = owner.to_owned();
    let request = ListUsageDaysRequest { owner_user_id, days };
    let answer = world.client.clone().list_usage_days(request).await;
    let listed = answer.map_err(Failure::from)?.into_inner().days;
    let today = world.clock.now().unix_timestamp() / 86_400;
    let expected: Vec<i64> = (0..i64::from(days)).map(|ago| today - ago).rev().collect();
    assert_eq!(listed.iter().map(|day| day.day).collect::<Vec<_>>(), expected);
    Ok(listed.iter().map(|day| (day.messages, day.bytes)).collect())
}

async fn list_usage_days_counts_messages_per_day(db: Db) {
    let world = World::new(db).await;
    let (ann, bob) = (user(), user());
    let [one, other] = [
        world.create_for("one@mayfly.test", Some(&ann)).await,
        world.create_for("other@mayfly.test", Some(&ann)).await,
    ];
    let bobs = world.create_for("bob@mayfly.test", Some(&bob)).await;
    let unowned = world.create("nobody@mayfly.test").await;
    let (first, second) = (mail("first"), mail("the second"));
    // One commit after the other, and several in one.
    let ids = world.deliver(&[&one, &bobs, &unowned], &first).await.unwrap();
    let both = [one.as_str(), other.as_str()];
    let many = (0..20).map(|_| world.deliver(&both, &second));
    for stored in futures_util::future::join_all(many).await {
        stored.unwrap();
    }
    world.deliver(&[&unowned], &second).await.unwrap();
    let gone = world.deliver(&[&one, &user()], &second).await;
    assert_refused(gone, ErrorCode::NotFound, Reason::NotFound);

    let size = |mail: &[u8]| i64::try_from(mail.len()).unwrap();
    let of_ann = (41, size(&first) + 40 * size(&second));
    assert_eq!(days(&world, &ann, 2).await.unwrap(), [(0, 0), of_ann]);
    assert_eq!(days(&world, &bob, 1).await.unwrap(), [(1, size(&first))]);
    assert_eq!(days(&world, &user(), 3).await.unwrap(), [(0, 0); 3]);

    let request = GetUsageRequest {
        owner_user_id: ann.clone(),
    };
    let usage = world.client.clone().get_usage(request.clone()).await;
    assert_eq!(usage.unwrap().into_inner().used_bytes, of_ann.1);
    // What was received stays received; what is held now is less.
    crate::messages::delete(&world, scope(&one), &ids[0])
        .await
        .unwrap();
    delete(&world, scope(&other)).await.unwrap();
    assert_eq!(days(&world, &ann, 1).await.unwrap(), [of_ann]);
    let usage = world
        .client
        .clone()
        .get_usage(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!((usage.account_count, usage.used_bytes), (1, 20 * size(&second)));

    for number in [0, 91, u32::MAX] {
        let refused = days(&world, &ann, number).await;
        assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidRequest);
    }
}

async fn what_is_counted_follows_the_day_of_the_clock_and_ends_after_90(db: Db) {
    let world = World::new(db).await;
    let ann = user();
    let mailbox = world.create_for("ann@mayfly.test", Some(&ann)).await;
    let midnight = world.clock.now().replace_time(time::Time::MIDNIGHT) + Duration::days(1);
    let to = |at: OffsetDateTime| world.clock.advance(at - world.clock.now());
    let raw = mail("a");
    to(midnight - Duration::seconds(1));
    world.deliver(&[&mailbox], &raw).await.unwrap();
    to(midnight);
    world.deliver(&[&mailbox], &raw).await.unwrap();
    world.deliver(&[&mailbox], &raw).await.unwrap();
    let bytes = i64::try_from(raw.len()).unwrap();
    assert_eq!(days(&world, &ann, 2).await.unwrap(), [(1, bytes), (2, 2 * bytes)]);

    // The mail goes after a week, what was counted after 90 days.
    to(midnight + Duration::days(89));
    world.mailbox.sweep().await;
    let listed = days(&world, &ann, 90).await.unwrap();
    assert_eq!((listed[0], listed[1]), ((2, 2 * bytes), (0, 0)));
    to(midnight + Duration::days(90));
    world.mailbox.sweep().await;
    assert_eq!(days(&world, &ann, 90).await.unwrap(), [(0, 0); 90]);
    assert_eq!(rows(world).await.last(), Some(&("usage_days", 1)));
}
