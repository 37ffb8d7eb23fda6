//! `PUT /pro/api/domains/{id}`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::{UNKNOWN_ID, World};

db_test!(set_catch_all_names_own_mailbox);

async fn set_catch_all_names_own_mailbox(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let id = world.add_verified_domain(&pro).await;
    let mailbox = world.create_mailbox_for("ann@mine.example", &pro).await;
    let path = format!("/pro/api/domains/{id}");
    assert_json_snapshot!(world.put(&path, &pro, json!({"catch_all": mailbox.id})).await.snapshot(), @r#"
    {
      "body": {
        "catch_all": "[id]",
        "created_at": "2026-11-23T12:00:00Z",
        "dns_records": [
          {
            "host": "mine.example",
            "type": "TXT",
            "value": "[verify_token]"
          },
          {
            "host": "mine.example",
            "priority": 10,
            "type": "MX",
            "value": "mx.mayfly.test"
          }
        ],
        "domain": "mine.example",
        "id": "[id]",
        "mx_configured": true,
        "verified_at": "2026-11-23T12:00:00Z",
        "verify_status": "verified",
        "verify_token": "[verify_token]"
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn set_catch_all_invalid_body_is_rejected() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let id = world.add_verified_domain(&pro).await;
    let path = format!("/pro/api/domains/{id}");
    assert_json_snapshot!(world.put(&path, &pro, json!({})).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_request",
        "message": "catch_all: is missing"
      },
      "status": 400
    }
    "#);
}

#[tokio::test]
async fn set_catch_all_unknown_id_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("/pro/api/domains/{UNKNOWN_ID}");
    assert_json_snapshot!(world.call("PUT", &path, &pro, json!({"catch_all": null})).await.snapshot(), @r#"
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
async fn set_catch_all_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_pro_only("PUT", "/pro/api/domains/01a20846-fe00-7000-8000-000000000000")
        .await;
}
