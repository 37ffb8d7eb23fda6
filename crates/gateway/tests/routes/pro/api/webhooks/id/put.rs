//! `PUT /pro/api/webhooks/{id}`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::support::{UNKNOWN_ID, World};

db_test!(update_webhook_sets_and_removes_filter);

async fn update_webhook_sets_and_removes_filter(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let id = world.create_webhook(&pro).await;
    let path = format!("/pro/api/webhooks/{id}");
    let set = json!({"filter": "from:shop.example has:code"});
    assert_json_snapshot!(world.put(&path, &pro, set).await.snapshot(), @r#"
    {
      "body": {
        "created_at": "2026-11-23T12:00:00Z",
        "events": [
          "email.received"
        ],
        "failure_count": 0,
        "filter": "from:shop.example has:code",
        "gives_up_at": null,
        "id": "[id]",
        "last_triggered_at": null,
        "status": "active",
        "url": "https://127.0.0.1:8443/hook"
      },
      "status": 200
    }
    "#);
    let listed = async || world.get("/pro/api/webhooks", &pro).await.json()["webhooks"][0].clone();
    assert_eq!(listed().await["filter"], "from:shop.example has:code");
    for empty in [json!(""), Value::Null] {
        world
            .put(&path, &pro, json!({"filter": "x"}))
            .await
            .expect_status(200);
        let removed = world.put(&path, &pro, json!({"filter": empty})).await;
        assert!(removed.expect_status(200).json().get("filter").is_none());
        assert!(listed().await.get("filter").is_none());
    }
}

#[tokio::test]
async fn update_webhook_invalid_filter_is_rejected() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let id = world.create_webhook(&pro).await;
    let path = format!("/pro/api/webhooks/{id}");
    assert_json_snapshot!(world.put(&path, &pro, json!({"filter": "a colour:red"})).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_query",
        "message": "unknown field; quote text that has a colon",
        "position": 2
      },
      "status": 400
    }
    "#);
    assert_json_snapshot!(world.put(&path, &pro, json!({})).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_request",
        "message": "filter: is missing"
      },
      "status": 400
    }
    "#);
}

#[tokio::test]
async fn update_webhook_of_another_user_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let id = world.create_webhook(&pro).await;
    let other = world.register_as("bob@example.com").await;
    for (id, pro) in [(&*id, &other), (UNKNOWN_ID, &pro)] {
        let path = format!("/pro/api/webhooks/{id}");
        let answer = world.call("PUT", &path, pro, json!({"filter": "x"})).await;
        assert_eq!(answer.expect_status(404).text("error"), "not_found");
    }
    let listed = world.get("/pro/api/webhooks", &pro).await.json();
    assert!(listed["webhooks"][0].get("filter").is_none());
}

#[tokio::test]
async fn update_webhook_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_pro_only("PUT", "/pro/api/webhooks/01a20846-fe00-7000-8000-000000000000")
        .await;
}
