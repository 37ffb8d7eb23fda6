//! `DELETE /pro/api/accounts/{id}/messages/{message_id}/read`

use serde_json::Value;

use crate::support::{MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn mark_account_message_unread_is_idempotent() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let message = format!("/pro/api/accounts/{}/messages/{id}", mailbox.id);
    let path = format!("{message}/read");
    world.put(&path, &pro, Value::Null).await.expect_status(204);
    for _ in 0..2 {
        world.delete(&path, &pro).await.expect_status(204);
        assert_eq!(world.get(&message, &pro).await.json()["is_read"], false);
    }
}

#[tokio::test]
async fn mark_account_message_unread_of_other_account_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let other = world.create_mailbox_for("bob@mayfly.test", &pro).await;
    for account in [other.id.as_str(), UNKNOWN_ID] {
        let path = format!("/pro/api/accounts/{account}/messages/{id}/read");
        let answer = world.call("DELETE", &path, &pro, Value::Null).await;
        answer.expect_status(404);
    }
}

#[tokio::test]
async fn mark_account_message_unread_without_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = format!("/pro/api/accounts/{UNKNOWN_ID}/messages/{UNKNOWN_ID}/read");
    world.assert_pro_only("DELETE", &path).await;
}
