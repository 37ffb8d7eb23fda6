//! `GET /api/messages/{id}`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{EXPIRED_ID, MAIL, UNKNOWN_ID, World};

db_test!(get_message_returns_bodies_codes_and_links);

async fn get_message_returns_bodies_codes_and_links(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    assert_json_snapshot!(world.get(&format!("/api/messages/{id}"), &mailbox.token).await.snapshot(), @r#"
    {
      "body": {
        "address": "ann@mayfly.test",
        "attachments": [
          {
            "content_type": "text/csv",
            "filename": "bill.csv",
            "index": 0,
            "size": 9
          }
        ],
        "codes": [
          {
            "confidence": 0.96,
            "found_in": "text",
            "value": "482913"
          }
        ],
        "created_at": "2026-11-23T12:00:00Z",
        "from": "Shop <shop@sender.example>",
        "html_body": "<p>Your verification code is <b>482913</b>.</p><script>alert(1)</script>",
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
        "sender": "shop@sender.example",
        "size": 548,
        "subject": "Your code",
        "text_body": "Your verification code is 482913.\r\nVerify your address: https://shop.example/verify?t=1"
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn get_message_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_mailbox_only("GET", "/api/messages/01a20846-fe00-7000-8000-000000000000")
        .await;
}

#[tokio::test]
async fn get_message_unknown_or_expired_id_is_an_error() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    for (id, status, error) in [
        (UNKNOWN_ID, 404, "not_found"),
        ("x", 404, "not_found"),
        (EXPIRED_ID, 410, "expired"),
    ] {
        let path = format!("/api/messages/{id}");
        let answer = world.call("GET", &path, &mailbox.token, Value::Null).await;
        assert_eq!(answer.expect_status(status).text("error"), error, "{id}");
    }
}

#[tokio::test]
async fn get_message_of_another_mailbox_is_not_found() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let other = world.create_mailbox_for("bob@mayfly.test", "").await;
    assert_json_snapshot!(world.get(&format!("/api/messages/{id}"), &other.token).await.snapshot(), @r#"
    {
      "body": {
        "error": "not_found",
        "message": "there is nothing here"
      },
      "status": 404
    }
    "#);
}
