//! `DELETE /pro/api/tokens/{id}`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::support::{UNKNOWN_ID, World};

db_test!(revoke_token_rejects_it_at_once);

async fn revoke_token_rejects_it_at_once(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let created = world.post("/pro/api/tokens", &pro, json!({"name": "ci"})).await;
    let path = format!("/pro/api/tokens/{}", created.text("id"));
    assert_json_snapshot!(world.delete(&path, &pro).await.snapshot(), @r#"
    {
      "body": null,
      "status": 204
    }
    "#);
    world
        .get("/pro/api/me", &created.text("token"))
        .await
        .expect_status(401);
}

#[tokio::test]
async fn revoke_token_unknown_id_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("/pro/api/tokens/{UNKNOWN_ID}");
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
async fn revoke_token_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_pro_only("DELETE", "/pro/api/tokens/01a20846-fe00-7000-8000-000000000000")
        .await;
}
