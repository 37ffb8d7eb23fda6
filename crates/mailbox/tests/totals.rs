//! Detailed lists: addresses and totals; and marks of several messages.

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{
    ListMessagesRequest, ListMessagesResponse, MarkMessagesReadRequest, MessageIds,
    mark_messages_read_request::Which,
};
use mayfly_rpc::Failure;
use mayfly_testkit::{Db, db_test};
use mayfly_types::Reason;
use time::Duration;

use crate::{
    extraction::restarted_after,
    messages::{delete, mark_read},
    world::{World, mail, scope},
};

db_test!(
    detailed_list_counts_until_deletion_and_sweep,
    detailed_list_of_earlier_version_reads_mail_once,
    mark_messages_read_counts_those_that_were_unread,
);

async fn detailed(world: &World, account: &str, page: u32) -> ListMessagesResponse {
    let request = ListMessagesRequest {
        scope: Some(scope(account)),
        page,
        page_size: 30,
        is_detailed: true,
    };
    world
        .client
        .clone()
        .list_messages(request)
        .await
        .unwrap()
        .into_inner()
}

/// Returns the total, and the messages on a page.
async fn counts(world: &World, account: &str, page: u32) -> (i64, usize) {
    let listed = detailed(world, account, page).await;
    (listed.totals.unwrap().message_count, listed.messages.len())
}

async fn detailed_list_counts_until_deletion_and_sweep(db: Db) {
    let world = World::new(db).await;
    let (ann, bob) = (
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    );
    assert_eq!(counts(&world, &ann, 1).await, (0, 0));
    let mut ids = Vec::new();
    for n in 0..40 {
        // The old ones share their bytes with another mailbox.
        let to: &[&str] = if n < 5 { &[&ann, &bob] } else { &[&ann] };
        ids.push(world.deliver(to, &mail(&format!("{n}"))).await.unwrap().remove(0));
        if n == 4 {
            world.clock.advance(Duration::days(2));
        }
    }
    assert_eq!(counts(&world, &ann, 1).await, (40, 30));
    assert_eq!(counts(&world, &ann, 2).await, (40, 10));
    assert_eq!(counts(&world, &ann, 3).await, (40, 0));
    delete(&world, scope(&ann), &ids[39]).await.unwrap();
    assert!(delete(&world, scope(&ann), &ids[39]).await.is_err());
    assert_eq!(counts(&world, &ann, 1).await, (39, 30));
    // Five are past their retention, before and after they are removed.
    world.clock.advance(Duration::days(5) + Duration::hours(1));
    for _ in 0..2 {
        assert_eq!(counts(&world, &ann, 1).await, (34, 30));
        assert_eq!(counts(&world, &ann, 2).await, (34, 4));
        assert_eq!(counts(&world, &ann, 9).await, (34, 0));
        assert_eq!(counts(&world, &bob, 1).await, (0, 0));
        world.mailbox.sweep().await;
    }
    assert_eq!(
        detailed(&world, &ann, 1).await.totals.unwrap().address,
        "ann@mayfly.test"
    );
}

async fn detailed_list_of_earlier_version_reads_mail_once(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let raw =
        b"From: Shop <hi@shop.example>\r\nTo: Ann <ann@mayfly.test>, b@box.test\r\nMessage-ID: <a@b>\r\n\
        Subject: x\r\n\r\nHello\r\n";
    world.deliver(&[&ann], raw).await.unwrap();
    let stored = detailed(&world, &ann, 1).await;
    let addresses = stored.messages[0].addresses.clone().unwrap();
    let from = addresses.from.unwrap();
    assert_eq!(
        (from.address.as_str(), from.name.as_deref()),
        ("hi@shop.example", Some("Shop"))
    );
    let to: Vec<&str> = addresses.to.iter().map(|one| one.address.as_str()).collect();
    assert_eq!(to, ["ann@mayfly.test", "b@box.test"]);
    assert_eq!(addresses.message_id.as_deref(), Some("<a@b>"));
    // A plain list has none of it.
    assert_eq!(world.list(scope(&ann), 1).await.unwrap()[0].addresses, None);

    let forget = "UPDATE messages SET addresses = NULL, has_attachments = NULL";
    let world = restarted_after(world, forget).await;
    for _ in 0..2 {
        assert_eq!(detailed(&world, &ann, 1).await, stored);
    }
    let is_kept =
        "UPDATE messages SET is_read = is_read WHERE addresses IS NOT NULL AND has_attachments IS NOT NULL";
    let world = restarted_after(world, is_kept).await;
    assert_eq!(detailed(&world, &ann, 1).await, stored);
}

async fn mark_messages_read_counts_those_that_were_unread(db: Db) {
    let world = World::with(db, Config::default()).await;
    let (ann, bob) = (
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    );
    let mut ids = Vec::new();
    for n in 0..6 {
        ids.push(
            world
                .deliver(&[&ann], &mail(&format!("{n}")))
                .await
                .unwrap()
                .remove(0),
        );
    }
    let foreign = world.deliver(&[&bob], &mail("bob")).await.unwrap().remove(0);
    let mark = async |which: Option<Which>| {
        let request = MarkMessagesReadRequest {
            scope: Some(scope(&ann)),
            which,
        };
        let marked = world.client.clone().mark_messages_read(request).await;
        marked
            .map(|marked| marked.into_inner().changed)
            .map_err(|status| Failure::from(status).reason)
    };
    let some = |ids: &[&String]| {
        Some(Which::Ids(MessageIds {
            message_ids: ids.iter().map(|id| (*id).clone()).collect(),
        }))
    };
    mark_read(&world, scope(&ann), &ids[0]).await.unwrap();
    let unknown = "x".to_owned();
    assert_eq!(
        mark(some(&[&ids[0], &ids[1], &ids[1], &ids[2], &foreign, &unknown])).await,
        Ok(2)
    );
    assert_eq!(mark(Some(Which::All(true))).await, Ok(3));
    assert_eq!(mark(Some(Which::All(true))).await, Ok(0));
    let many: Vec<&String> = std::iter::repeat_n(&ids[0], 1001).collect();
    for wrong in [None, Some(Which::All(false)), some(&[]), some(&many)] {
        assert_eq!(mark(wrong).await, Err(Reason::InvalidRequest));
    }
    assert!(
        world
            .list(scope(&ann), 1)
            .await
            .unwrap()
            .iter()
            .all(|message| message.is_read)
    );
    assert!(!world.list(scope(&bob), 1).await.unwrap()[0].is_read);
}
