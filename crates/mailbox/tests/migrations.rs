//! The schema over data that an earlier start of the service stored.

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{ListMessagesAfterRequest, list_messages_after_request::Following};
use mayfly_testkit::{Db, ManualClock, TestDatabase, db_test};

use crate::world::{World, no_auth, scope};

db_test!(deliver_message_after_clock_step_back_gets_larger_id);

const MAIL: &[u8] = b"Subject: Hello\r\n\r\nHello.\r\n";
const OWNER: &str = "01a20f14-c5d0-75e4-aa11-c633d343d4ed";

async fn open(database: TestDatabase, clock: ManualClock) -> World {
    World::open(database, clock, Config::default(), no_auth(), &["mayfly.test"]).await
}

/// Returns what came after a cursor, and the cursor behind it.
async fn after(world: &World, following: Following, cursor: Option<&str>) -> (Vec<String>, String) {
    let request = ListMessagesAfterRequest {
        following: Some(following),
        after_message_id: cursor.map(str::to_owned),
        limit: 10,
    };
    let answer = world.client.clone().list_messages_after(request).await;
    let answer = answer.unwrap().into_inner();
    let ids = answer
        .messages
        .into_iter()
        .map(|message| message.summary.unwrap().message_id);
    (ids.collect(), answer.cursor)
}

async fn deliver_message_after_clock_step_back_gets_larger_id(db: Db) {
    // The clock steps back at the restart: an id of the time alone would sort before the stored ones.
    let ahead = ManualClock::default();
    ahead.advance(time::Duration::hours(1));
    let world = open(TestDatabase::new(db), ahead).await;
    let ann = world.create_for("ann@mayfly.test", Some(OWNER)).await;
    let bob = world.create_for("bob@mayfly.test", Some(OWNER)).await;
    let empty = world.create("empty@mayfly.test").await;
    let mut stored = Vec::new();
    for mailbox in [&ann, &ann, &bob] {
        stored.extend(world.deliver(&[mailbox], MAIL).await.unwrap());
    }
    let (database, _) = world.stop().await;

    let world = open(database, ManualClock::default()).await;
    let of = |mailbox: &str| Following::Mailbox(scope(mailbox));
    let (_, cursor_of_ann) = after(&world, of(&ann), None).await;
    let (_, cursor_of_all) = after(&world, Following::OwnerUserId(OWNER.to_owned()), None).await;
    assert_eq!((&cursor_of_ann, &cursor_of_all), (&stored[1], &stored[2]));
    let later = world.deliver(&[&ann], MAIL).await.unwrap();
    assert!(later[0] > stored[2], "{later:?} after {stored:?}");
    for (following, cursor) in [
        (of(&ann), cursor_of_ann),
        (Following::OwnerUserId(OWNER.to_owned()), cursor_of_all),
    ] {
        assert_eq!(after(&world, following, Some(&cursor)).await.0, later);
    }
    let first = world.deliver(&[&empty], MAIL).await.unwrap();
    assert_eq!(
        world.list(scope(&empty), 1).await.unwrap()[0].message_id,
        first[0]
    );
}
