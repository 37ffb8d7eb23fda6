//! `GET /pro/api/sandbox/messages/{id}/source`

use mayfly_testkit::{Db, db_test};

use crate::support::World;

db_test!(get_sandbox_message_source_is_what_was_sent);

async fn get_sandbox_message_source_is_what_was_sent(db: Db) {
    let world = World::start(db).await;
    let (pro, other) = (world.register().await, world.register_as("bob@example.com").await);
    let raw = "Subject: x\r\n\r\nx\r\n";
    let id = world.submit(&pro, &["a@b.example"], raw).await;
    let path = format!("/pro/api/sandbox/messages/{id}/source");
    let source = world.get(&path, &pro).await.expect_status(200);
    assert_eq!(source.body, raw);
    assert_eq!(source.header("content-type"), "message/rfc822");
    world.get(&path, &other).await.expect_status(404);
}

#[tokio::test]
async fn get_sandbox_message_source_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = "/pro/api/sandbox/messages/01a20846-fe00-7000-8000-000000000000/source";
    world.assert_pro_only("GET", path).await;
}
