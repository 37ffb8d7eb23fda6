//! `POST /api/test-message`

use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::support::World;

db_test!(send_test_message_delivers_a_code_and_a_link);

async fn send_test_message_delivers_a_code_and_a_link(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let sent = world.post("/api/test-message", &mailbox.token, Value::Null).await;
    let id = sent.expect_status(201).text("id");
    let path = format!("/api/messages/{id}");
    let message = world.get(&path, &mailbox.token).await.expect_status(200).json();
    assert_eq!(message["from"], "Mayfly <no-reply@mayfly.test>");
    assert_eq!(message["sender"], "");
    assert_eq!(
        message["to"],
        json!([{"name": null, "address": "ann@mayfly.test"}])
    );
    assert_eq!(message["date"], "2026-11-23T12:00:00Z");
    let values = |list: &str, field: &str| -> Vec<Value> {
        let list = message[list].as_array().unwrap();
        list.iter().map(|one| one[field].clone()).collect()
    };
    assert_eq!(values("codes", "value"), ["481516"]);
    assert_eq!(
        values("links", "url"),
        ["https://example.com/confirm?token=test-message"]
    );
    let listed = world.get("/api/messages", &mailbox.token).await.json();
    assert_eq!(listed["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn send_test_message_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_mailbox_only("POST", "/api/test-message").await;
}
