//! `POST /pro/api/webhooks/{id}/test`

use insta::assert_json_snapshot;
use serde_json::Value;

use crate::support::{UNKNOWN_ID, World};

#[tokio::test]
async fn test_webhook_queues_sample_event() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let id = world.create_webhook(&pro).await;
    let path = format!("/pro/api/webhooks/{id}/test");
    assert_json_snapshot!(world.post(&path, &pro, Value::Null).await.snapshot(), @r#"
    {
      "body": {
        "event_id": "evt_[id]"
      },
      "status": 202
    }
    "#);
}

#[tokio::test]
async fn test_webhook_unknown_id_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("/pro/api/webhooks/{UNKNOWN_ID}/test");
    assert_json_snapshot!(world.call("POST", &path, &pro, Value::Null).await.snapshot(), @r#"
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
async fn test_webhook_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_pro_only(
            "POST",
            "/pro/api/webhooks/01a20846-fe00-7000-8000-000000000000/test",
        )
        .await;
}
