//! `GET /pro/api/webhooks/{id}/deliveries`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{UNKNOWN_ID, World};

db_test!(list_webhook_deliveries_returns_failed_attempt);

async fn list_webhook_deliveries_returns_failed_attempt(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let id = world.create_webhook(&pro).await;
    assert_json_snapshot!(world.failed_delivery(&pro, &id).await.snapshot(), @r#"
    {
      "body": {
        "deliveries": [
          {
            "attempt": 1,
            "created_at": "2026-11-23T12:00:00Z",
            "duration_ms": "[duration_ms]",
            "error": "cannot connect",
            "event_id": "evt_[id]",
            "event_type": "email.received",
            "id": "[id]",
            "status_code": null
          }
        ]
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn list_webhook_deliveries_unknown_id_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("/pro/api/webhooks/{UNKNOWN_ID}/deliveries");
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
async fn list_webhook_deliveries_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_pro_only(
            "GET",
            "/pro/api/webhooks/01a20846-fe00-7000-8000-000000000000/deliveries",
        )
        .await;
}
