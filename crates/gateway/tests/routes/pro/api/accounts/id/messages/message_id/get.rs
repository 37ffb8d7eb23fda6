//! `GET /pro/api/accounts/{id}/messages/{message_id}`

use insta::assert_json_snapshot;
use serde_json::Value;

use crate::support::{MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn get_account_message_returns_message() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = format!("/pro/api/accounts/{}/messages/{id}", mailbox.id);
    let answer = world.get(&path, &pro).await.expect_status(200);
    let own = world.get(&format!("/api/messages/{id}"), &mailbox.token).await;
    assert_eq!(answer.json(), own.json());
}

#[tokio::test]
async fn get_account_message_of_other_account_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let other = world.create_mailbox_for("bob@mayfly.test", &pro).await;
    let path = format!("/pro/api/accounts/{}/messages/{id}", other.id);
    world.get(&path, &pro).await.expect_status(404);
    assert_ne!(mailbox.id, other.id);
}

#[tokio::test]
async fn get_account_message_unknown_id_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("/pro/api/accounts/{UNKNOWN_ID}/messages/{UNKNOWN_ID}");
    assert_json_snapshot!(world.call("GET", &path, &pro, Value::Null).await.snapshot(), @r#"
    {
      "body": {
        "error": "not_found",
        "message": "there is nothing here"
      },
      "status": 404
    }
    "#);
}

#[tokio::test]
async fn get_account_message_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("GET", "/pro/api/accounts/01a20846-fe00-7000-8000-000000000000/messages/01a20846-fe00-7000-8000-000000000000").await;
}
