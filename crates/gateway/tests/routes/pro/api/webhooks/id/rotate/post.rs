//! `POST /pro/api/webhooks/{id}/rotate`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::support::{RECEIVER, UNKNOWN_ID, World};

db_test!(rotate_webhook_secret_returns_another_secret);

async fn rotate_webhook_secret_returns_another_secret(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let created = world
        .post("/pro/api/webhooks", &pro, json!({"url": RECEIVER}))
        .await;
    let path = format!("/pro/api/webhooks/{}/rotate", created.text("id"));
    let rotated = world.post(&path, &pro, Value::Null).await;
    assert_json_snapshot!(rotated.snapshot(), @r#"
    {
      "body": {
        "id": "[id]",
        "secret": "[secret]"
      },
      "status": 200
    }
    "#);
    assert_ne!(rotated.text("secret"), created.text("secret"));
}

#[tokio::test]
async fn rotate_webhook_secret_unknown_id_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("/pro/api/webhooks/{UNKNOWN_ID}/rotate");
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
async fn rotate_webhook_secret_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_pro_only(
            "POST",
            "/pro/api/webhooks/01a20846-fe00-7000-8000-000000000000/rotate",
        )
        .await;
}
