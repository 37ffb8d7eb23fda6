//! `PUT /pro/api/messages/read`

use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{MAIL, World};

db_test!(mark_all_read_by_query_marks_own_messages_only);

async fn mark_all_read_by_query_marks_own_messages_only(db: Db) {
    let world = World::start(db).await;
    let (ann, bob) = (world.register().await, world.register_as("bob@example.com").await);
    let first = world.create_mailbox_for("first@mayfly.test", &ann).await;
    let second = world.create_mailbox_for("second@mayfly.test", &ann).await;
    let foreign = world.create_mailbox_for("foreign@mayfly.test", &bob).await;
    for mailbox in [&first, &second, &foreign] {
        world.deliver(mailbox, MAIL).await;
    }
    let is_read = async |token: &str| {
        let listed = world.get("/api/messages", token).await.json();
        listed["messages"][0]["is_read"] == true
    };
    let path = format!("/pro/api/messages/read?q=in:{}", first.id);
    let marked = world.put(&path, &ann, Value::Null).await;
    assert_eq!(marked.expect_status(200).json()["marked"], 1);
    assert!(is_read(&first.token).await && !is_read(&second.token).await);
    let marked = world.put("/pro/api/messages/read?q=*", &ann, Value::Null).await;
    assert_eq!(marked.json()["marked"], 1);
    assert!(is_read(&second.token).await && !is_read(&foreign.token).await);
}

#[tokio::test]
async fn mark_all_read_by_query_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("PUT", "/pro/api/messages/read?q=*").await;
}
