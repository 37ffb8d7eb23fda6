//! `GET /pro/api/accounts/{id}/messages/{message_id}/source`

use serde_json::Value;

use crate::support::{MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn get_account_message_source_returns_received_bytes() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let message = format!("/pro/api/accounts/{}/messages/{id}", mailbox.id);
    let answer = world.get(&format!("{message}/source"), &pro).await;
    let answer = answer.expect_status(200);
    assert_eq!(answer.header("content-type"), "message/rfc822");
    assert_eq!(answer.body, MAIL);
}

#[tokio::test]
async fn get_account_message_source_of_other_account_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let other = world.create_mailbox_for("bob@mayfly.test", &pro).await;
    for account in [other.id.as_str(), UNKNOWN_ID] {
        let path = format!("/pro/api/accounts/{account}/messages/{id}/source");
        let answer = world.call("GET", &path, &pro, Value::Null).await;
        answer.expect_status(404);
    }
}

#[tokio::test]
async fn get_account_message_source_without_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = format!("/pro/api/accounts/{UNKNOWN_ID}/messages/{UNKNOWN_ID}/source");
    world.assert_pro_only("GET", &path).await;
}
