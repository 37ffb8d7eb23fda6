//! `POST /pro/api/webhooks`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::{RECEIVER, World};

db_test!(create_webhook_returns_secret_once);

async fn create_webhook_returns_secret_once(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    assert_json_snapshot!(world.post("/pro/api/webhooks", &pro, json!({"url": RECEIVER})).await.snapshot(), @r#"
    {
      "body": {
        "created_at": "2026-11-23T12:00:00Z",
        "events": [
          "email.received"
        ],
        "failure_count": 0,
        "gives_up_at": null,
        "id": "[id]",
        "last_triggered_at": null,
        "secret": "[secret]",
        "status": "active",
        "url": "https://127.0.0.1:8443/hook"
      },
      "status": 201
    }
    "#);
}

#[tokio::test]
async fn create_webhook_with_filter_returns_it() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let body = json!({"url": RECEIVER, "filter": "subject:\"your code\""});
    let created = world.post("/pro/api/webhooks", &pro, body).await;
    assert_eq!(created.expect_status(201).text("filter"), "subject:\"your code\"");
}

#[tokio::test]
async fn create_webhook_invalid_filter_names_position() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let body = json!({"url": RECEIVER, "filter": "from:shop before:nonsense"});
    assert_json_snapshot!(world.post("/pro/api/webhooks", &pro, body).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_query",
        "message": "a time is like 2026-11-28, 2026-11-28T09:30:00Z, 90s, 15m, 2h or 7d",
        "position": 17
      },
      "status": 400
    }
    "#);
    let listed = world.get("/pro/api/webhooks", &pro).await.json();
    assert_eq!(listed["webhooks"], json!([]));
}

#[tokio::test]
async fn create_webhook_invalid_target_is_rejected() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    for (body, error) in [
        (json!({"url": "http://127.0.0.1/hook"}), "invalid_url"),
        (json!({"url": "https://10.0.0.1/hook"}), "invalid_url"),
        (
            json!({"url": RECEIVER, "events": ["email.sent"]}),
            "invalid_events",
        ),
        (json!({}), "invalid_request"),
    ] {
        let answer = world.post("/pro/api/webhooks", &pro, body.clone()).await;
        assert_eq!(answer.expect_status(400).text("error"), error, "{body}");
    }
}

#[tokio::test]
async fn create_webhook_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("POST", "/pro/api/webhooks").await;
}
