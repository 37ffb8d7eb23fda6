//! `POST /pro/api/tokens`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::World;

db_test!(create_pro_token_returns_value_once);

async fn create_pro_token_returns_value_once(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let answer = world.post("/pro/api/tokens", &pro, json!({"name": "ci"})).await;
    assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "body": {
        "created_at": "2026-11-23T12:00:00Z",
        "expires_at": null,
        "id": "[id]",
        "limits": null,
        "name": "ci",
        "scopes": null,
        "token": "[token]"
      },
      "status": 201
    }
    "#);
    assert!(answer.text("token").starts_with("tm_pro_"));
    world
        .get("/pro/api/me", &answer.text("token"))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn create_pro_token_exceeding_limit_is_forbidden() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let create = async || world.post("/pro/api/tokens", &pro, json!({"name": "ci"})).await;
    for _ in 0..20 {
        create().await.expect_status(201);
    }
    assert_json_snapshot!(create().await.snapshot(), @r#"
    {
      "body": {
        "error": "token_limit_reached",
        "message": "there are 20 tokens already; revoke one first"
      },
      "status": 403
    }
    "#);
}

#[tokio::test]
async fn create_pro_token_invalid_name_is_rejected() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    for name in ["", "   ", &"n".repeat(101)] {
        let answer = world.post("/pro/api/tokens", &pro, json!({"name": name})).await;
        assert_eq!(
            answer.expect_status(400).text("error"),
            "invalid_request",
            "{name:?}"
        );
    }
}

#[tokio::test]
async fn create_pro_token_invalid_values_are_explained() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    for (field, value, expected) in [
        (
            "scopes",
            json!(["mail:read"]),
            "scopes: must be among accounts:read, ",
        ),
        ("scopes", json!("messages:read"), "scopes: has the wrong type"),
        (
            "expires_at",
            json!("tomorrow"),
            "expires_at: must be a time such as ",
        ),
        ("expires_at", json!(7), "expires_at: has the wrong type"),
    ] {
        let body = json!({"name": "ci", field: value});
        let answer = world.post("/pro/api/tokens", &pro, body).await.expect_status(400);
        let message = answer.text("message");
        assert!(
            message.starts_with(expected) && !message.contains("line 1"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn create_pro_token_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("POST", "/pro/api/tokens").await;
}
