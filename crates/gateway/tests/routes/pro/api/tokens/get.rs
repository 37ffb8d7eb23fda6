//! `GET /pro/api/tokens`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::World;

db_test!(list_tokens_hides_values);

async fn list_tokens_hides_values(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    world
        .post("/pro/api/tokens", &pro, json!({"name": "ci"}))
        .await
        .expect_status(201);
    assert_json_snapshot!(world.get("/pro/api/tokens", &pro).await.snapshot(), @r#"
    {
      "body": {
        "tokens": [
          {
            "calls": 0,
            "created_at": "2026-11-23T12:00:00Z",
            "expires_at": null,
            "id": "[id]",
            "last_used_at": null,
            "last_used_from": null,
            "limits": null,
            "name": "ci",
            "refused": 0,
            "revoked_at": null,
            "scopes": null
          }
        ]
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn list_tokens_with_two_credentials_is_invalid() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    world
        .get("/pro/api/tokens?access_token=a", &pro)
        .await
        .expect_status(400);
}

#[tokio::test]
async fn list_tokens_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("GET", "/pro/api/tokens").await;
}
