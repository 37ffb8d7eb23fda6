//! `GET /api/messages`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::{MAIL, World};

db_test!(list_messages_returns_newest_first);

async fn list_messages_returns_newest_first(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    world.deliver(&mailbox, "Subject: first\r\n\r\nHello\r\n").await;
    world.deliver(&mailbox, MAIL).await;
    assert_json_snapshot!(world.get("/api/messages", &mailbox.token).await.snapshot(), @r#"
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
          },
          {
            "created_at": "2026-11-23T12:00:00Z",
            "from": null,
            "has_attachments": false,
            "id": "[id]",
            "is_read": false,
            "preview_text": "Hello",
            "sender": "shop@sender.example",
            "size": 25,
            "subject": "first"
          }
        ],
        "page": 1
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn list_messages_past_the_end_is_empty() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    assert_json_snapshot!(world.get("/api/messages?page=9", &mailbox.token).await.snapshot(), @r#"
    {
      "body": {
        "messages": [],
        "page": 9
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn list_messages_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_mailbox_only("GET", "/api/messages").await;
}

#[tokio::test]
async fn list_messages_invalid_page_is_the_first() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let answer = world.get("/api/messages?page=two", &mailbox.token).await;
    assert_eq!(answer.expect_status(200).json()["page"], 1);
}
