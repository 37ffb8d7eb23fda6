//! `PUT /api/accounts/{account}/messages/{id}/read`

use serde_json::{Value, json};

use crate::support::{MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn mark_message_read_with_any_body_is_idempotent() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = format!("/api/accounts/{}/messages/{id}/read", mailbox.id);
    for body in [Value::Null, json!({}), json!([1])] {
        let answer = world.put(&path, &pro, body).await.expect_status(204);
        assert!(answer.body.is_empty());
    }
    let listed = world.get("/api/messages", &mailbox.token).await.json();
    assert_eq!(listed["messages"][0]["is_read"], true);
    let unknown = format!("/api/accounts/{}/messages/{UNKNOWN_ID}/read", mailbox.id);
    world.put(&unknown, &pro, Value::Null).await.expect_status(404);
}

#[tokio::test]
async fn mark_message_read_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/api/accounts/{}/messages/{UNKNOWN_ID}/read", mailbox.id);
    world.assert_unauthorized_td("PUT", &path, &[]).await;
}
