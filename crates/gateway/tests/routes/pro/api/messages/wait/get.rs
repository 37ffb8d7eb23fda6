//! `GET /pro/api/messages/wait`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::{EXPIRED_ID, MAIL, World};

db_test!(wait_for_any_messages_names_the_mailbox);

async fn wait_for_any_messages_names_the_mailbox(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = format!("/pro/api/messages/wait?since={EXPIRED_ID}&to=ann@");
    let answer = world.get(&path, &pro).await;
    assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "body": {
        "messages": [
          {
            "account_id": "[id]",
            "address": "ann@mayfly.test",
            "codes": [
              {
                "confidence": 0.96,
                "found_in": "text",
                "value": "482913"
              }
            ],
            "created_at": "2026-11-23T12:00:00Z",
            "from": "Shop <shop@sender.example>",
            "has_attachments": true,
            "id": "[id]",
            "is_read": false,
            "links": [
              {
                "confidence": 0.98,
                "kind": "verify",
                "text": null,
                "url": "https://shop.example/verify?t=1"
              }
            ],
            "preview_text": "Your verification code is 482913. Verify your address: https://shop.example/verify?t=1",
            "sender": "shop@sender.example",
            "size": 548,
            "subject": "Your code"
          }
        ],
        "since": "[id]"
      },
      "status": 200
    }
    "#);
    assert_eq!(answer.text("since"), id);
}

#[tokio::test]
async fn wait_for_any_messages_invalid_filter_is_rejected() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    assert_json_snapshot!(world.get("/pro/api/messages/wait?count=51", &pro).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_request",
        "message": "count: must be from 1 to 50"
      },
      "status": 400
    }
    "#);
}

#[tokio::test]
async fn wait_for_any_messages_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("GET", "/pro/api/messages/wait").await;
}
