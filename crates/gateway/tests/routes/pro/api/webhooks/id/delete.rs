//! `DELETE /pro/api/webhooks/{id}`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::support::{UNKNOWN_ID, World};

db_test!(delete_webhook_removes_it);

async fn delete_webhook_removes_it(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let id = world.create_webhook(&pro).await;
    let path = format!("/pro/api/webhooks/{id}");
    assert_json_snapshot!(world.delete(&path, &pro).await.snapshot(), @r#"
    {
      "body": null,
      "status": 204
    }
    "#);
    let listed = world.get("/pro/api/webhooks", &pro).await.json();
    assert_eq!(listed["webhooks"], json!([]));
}

#[tokio::test]
async fn delete_webhook_unknown_id_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("/pro/api/webhooks/{UNKNOWN_ID}");
    assert_json_snapshot!(world.call("DELETE", &path, &pro, Value::Null).await.snapshot(), @r#"
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
async fn delete_webhook_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_pro_only("DELETE", "/pro/api/webhooks/01a20846-fe00-7000-8000-000000000000")
        .await;
}
