//! `POST /api/tickets`

use insta::assert_json_snapshot;
use serde_json::json;

use crate::support::{UNKNOWN_ID, World};

#[tokio::test]
async fn create_ticket_for_events_expires_in_30_seconds() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    assert_json_snapshot!(world.post("/api/tickets", &mailbox.token, json!({"for": "events"})).await.snapshot(), @r#"
    {
      "body": {
        "expires_at": "2026-11-23T12:00:30Z",
        "ticket": "[ticket]"
      },
      "status": 201
    }
    "#);
}

#[tokio::test]
async fn create_ticket_unknown_message_is_not_found() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let body = json!({"for": "message", "id": UNKNOWN_ID});
    assert_json_snapshot!(world.post("/api/tickets", &mailbox.token, body).await.snapshot(), @r#"
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
async fn create_ticket_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_unauthorized("POST", "/api/tickets", &["", "garbage"])
        .await;
}

#[tokio::test]
async fn create_ticket_invalid_purpose_is_rejected() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    for body in [json!({"for": "password"}), json!({"for": "message"}), json!({})] {
        let answer = world
            .post("/api/tickets", &mailbox.token, body)
            .await
            .expect_status(400);
        assert_eq!(answer.text("error"), "invalid_request");
    }
}
