//! `POST /pro/api/accounts/{id}/test-message`

use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::support::World;

db_test!(send_account_test_message_delivers_to_mailbox_and_sandbox);

async fn send_account_test_message_delivers_to_mailbox_and_sandbox(db: Db) {
    let world = World::start(db).await;
    let user = world.register().await;
    let mailbox = world.create_mailbox_for("own@mayfly.test", &user).await;
    let sandbox = world
        .post("/pro/api/sandboxes", &user, json!({"name": "api"}))
        .await
        .expect_status(201);
    for account in [mailbox.id, sandbox.text("account_id")] {
        let path = format!("/pro/api/accounts/{account}");
        let sent = world
            .post(&format!("{path}/test-message"), &user, Value::Null)
            .await;
        let id = sent.expect_status(201).text("id");
        let message = world.get(&format!("{path}/messages/{id}"), &user).await;
        let message = message.expect_status(200).json();
        assert_eq!(message["from"], "Mayfly <no-reply@mayfly.test>");
        assert_eq!(message["codes"][0]["value"], "481516");
    }
}

#[tokio::test]
async fn send_account_test_message_to_foreign_mailbox_is_not_found() {
    let world = World::sqlite().await;
    let (ann, bob) = (world.register().await, world.register_as("bob@example.com").await);
    let foreign = world.create_mailbox_for("foreign@mayfly.test", &bob).await;
    let path = format!("/pro/api/accounts/{}/test-message", foreign.id);
    let refused = world.post(&path, &ann, Value::Null).await;
    assert_eq!(refused.expect_status(404).text("error"), "not_found");
    let messages = world.get("/api/messages", &foreign.token).await.json();
    assert_eq!(messages["messages"], json!([]));
}

#[tokio::test]
async fn send_account_test_message_without_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = format!("/pro/api/accounts/{}/test-message", crate::support::UNKNOWN_ID);
    world.assert_pro_only("POST", &path).await;
}
