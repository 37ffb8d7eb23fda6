//! `GET /pro/api/accounts/{id}/messages`

use insta::assert_json_snapshot;
use serde_json::Value;

use crate::support::{MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn list_account_messages_returns_page() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    world.deliver(&mailbox, MAIL).await;
    let path = format!("/pro/api/accounts/{}/messages", mailbox.id);
    assert_json_snapshot!(world.get(&path, &pro).await.snapshot(), @r#"
    {
      "body": {
        "messages": [
          {
            "created_at": "2026-11-23T12:00:00Z",
            "from": "Shop <shop@sender.example>",
            "has_attachments": true,
            "id": "[id]",
            "is_read": false,
            "preview_text": "Your verification code is 482913. Verify your address: https://shop.example/verify?t=1",
            "sender": "shop@sender.example",
            "size": 548,
            "subject": "Your code"
          }
        ],
        "page": 1
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn list_account_messages_unknown_id_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("/pro/api/accounts/{UNKNOWN_ID}/messages");
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
async fn list_account_messages_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_pro_only(
            "GET",
            "/pro/api/accounts/01a20846-fe00-7000-8000-000000000000/messages",
        )
        .await;
}
