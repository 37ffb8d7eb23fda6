//! `POST /pro/api/webhooks/{id}/deliveries/{delivery_id}/replay`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{UNKNOWN_ID, World};

db_test!(replay_webhook_delivery_queues_same_event);

async fn replay_webhook_delivery_queues_same_event(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let id = world.create_webhook(&pro).await;
    let deliveries = world.failed_delivery(&pro, &id).await.json();
    let delivery = &deliveries["deliveries"][0];
    let delivery_id = delivery["id"].as_str().unwrap();
    let path = format!("/pro/api/webhooks/{id}/deliveries/{delivery_id}/replay");
    let replayed = world.post(&path, &pro, Value::Null).await;
    assert_json_snapshot!(replayed.snapshot(), @r#"
    {
      "body": {
        "event_id": "evt_[id]"
      },
      "status": 202
    }
    "#);
    assert_eq!(delivery["event_id"], replayed.json()["event_id"]);
}

#[tokio::test]
async fn replay_webhook_delivery_unknown_id_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("/pro/api/webhooks/{UNKNOWN_ID}/deliveries/{UNKNOWN_ID}/replay");
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
async fn replay_webhook_delivery_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("POST", "/pro/api/webhooks/01a20846-fe00-7000-8000-000000000000/deliveries/01a20846-fe00-7000-8000-000000000000/replay").await;
}
