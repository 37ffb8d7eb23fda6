//! What earlier versions stored: codes and links that this version cannot use are recomputed from the raw mail.

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{Findings, ListMessagesAfterRequest, list_messages_after_request::Following};
use mayfly_testkit::{Db, TestDatabase, db_test};
use sea_orm::{ConnectionTrait, DbErr};

use crate::world::{World, no_auth, scope};

db_test!(
    get_message_of_earlier_version_reports_attachments,
    get_message_recomputes_unusable_extraction,
    list_messages_after_recomputes_unusable_extraction,
    list_messages_after_deleted_message_is_left_out
);

const MAIL: &[u8] = b"Subject: Your code is 482913\r\n\r\nHello.\r\n";

/// What rows can hold that this version did not write: another version, which found nothing or wrote another form, and garbage.
const UNUSABLE: [&str; 3] = [
    "UPDATE raw_messages SET extracted_version = 0, extracted = NULL",
    "UPDATE raw_messages SET extracted_version = 0, extracted = '{\"code\": \"1\"}'",
    "UPDATE raw_messages SET extracted = 'garbage'",
];

/// Runs a statement on a database. Returns how many rows it affected.
async fn execute(database: &TestDatabase, statement: &'static str) -> u64 {
    let database = database.open("mailbox").await;
    let executed = database.tx("test", |tx| {
        Box::pin(async move { Ok::<_, DbErr>(tx.execute_unprepared(statement).await?.rows_affected()) })
    });
    let rows = executed.await.unwrap();
    database.close().await;
    rows
}

/// Stops the service, runs a statement on its database, and starts the service again.
pub(crate) async fn restarted_after(world: World, statement: &'static str) -> World {
    let (database, clock) = world.stop().await;
    assert!(execute(&database, statement).await > 0, "{statement}");
    World::open(database, clock, Config::default(), no_auth(), &["mayfly.test"]).await
}

fn codes(findings: Option<Findings>) -> Vec<String> {
    let codes = findings.unwrap_or_default().codes.into_iter();
    codes.map(|code| code.value).collect()
}

async fn list(world: &World, account: &str, limit: u32) -> (Vec<Vec<String>>, String) {
    let request = ListMessagesAfterRequest {
        following: Some(Following::Mailbox(scope(account))),
        after_message_id: Some("00000000-0000-7000-8000-000000000000".to_owned()),
        limit,
    };
    let answer = world.client.clone().list_messages_after(request).await;
    let answer = answer.unwrap().into_inner();
    let messages = answer.messages.into_iter();
    (
        messages.map(|message| codes(message.findings)).collect(),
        answer.cursor,
    )
}

/// Asserts that every row holds the code in the current form.
async fn assert_repaired(world: World) -> World {
    const COUNT: &str = "UPDATE raw_messages SET extracted_version = extracted_version \
                         WHERE extracted_version > 0 AND extracted LIKE '%482913%'";
    let (database, clock) = world.stop().await;
    assert_eq!(execute(&database, COUNT).await, 1);
    World::open(database, clock, Config::default(), no_auth(), &["mayfly.test"]).await
}

async fn get_message_recomputes_unusable_extraction(db: Db) {
    let mut world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let id = world.deliver(&[&ann], MAIL).await.unwrap().remove(0);
    for statement in UNUSABLE {
        world = restarted_after(world, statement).await;
        let message = world.message(scope(&ann), &id).await.unwrap();
        assert_eq!(codes(message.findings), ["482913"], "{statement}");
        world = assert_repaired(world).await;
    }
}

/// A list reads no mail, so it does not know what an earlier version did not store.
async fn get_message_of_earlier_version_reports_attachments(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let file = b"Content-Type: text/csv\r\nContent-Disposition: attachment\r\n\r\n1\r\n";
    let mut stored = Vec::new();
    for (mail, has_attachments) in [(MAIL, false), (&file[..], true)] {
        let id = world.deliver(&[&ann], mail).await.unwrap().remove(0);
        let listed = world.list(scope(&ann), 1).await.unwrap();
        assert_eq!(listed[0].has_attachments, Some(has_attachments));
        stored.push((id, has_attachments));
    }
    let world = restarted_after(world, "UPDATE messages SET has_attachments = NULL").await;
    for item in world.list(scope(&ann), 1).await.unwrap() {
        assert_eq!(item.has_attachments, None);
    }
    for (id, has_attachments) in stored {
        let summary = world.message(scope(&ann), &id).await.unwrap().summary.unwrap();
        assert_eq!(summary.has_attachments, Some(has_attachments));
    }
}

async fn list_messages_after_recomputes_unusable_extraction(db: Db) {
    let mut world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let id = world.deliver(&[&ann], MAIL).await.unwrap().remove(0);
    for statement in UNUSABLE {
        world = restarted_after(world, statement).await;
        let listed = list(&world, &ann, 10).await;
        assert_eq!(
            listed,
            (vec![vec!["482913".to_owned()]], id.clone()),
            "{statement}"
        );
        world = assert_repaired(world).await;
    }
}

/// Between its two reads a list can find a message whose bytes are deleted already.
async fn list_messages_after_deleted_message_is_left_out(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let id = world.deliver(&[&ann], MAIL).await.unwrap().remove(0);
    let world = restarted_after(world, "DELETE FROM raw_messages").await;
    assert_eq!(list(&world, &ann, 10).await, (Vec::new(), id));
}
