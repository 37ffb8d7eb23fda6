//! `POST /pro/api/domains`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::World;

db_test!(add_domain_returns_records_to_publish);

async fn add_domain_returns_records_to_publish(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    assert_json_snapshot!(world.post("/pro/api/domains", &pro, json!({"domain": "Mine.Example."})).await.snapshot(), @r#"
    {
      "body": {
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
        "verify_token": "[verify_token]"
      },
      "status": 201
    }
    "#);
}

#[tokio::test]
async fn add_domain_invalid_name_is_rejected() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    assert_json_snapshot!(world.post("/pro/api/domains", &pro, json!({"domain": "no domain"})).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_domain",
        "message": "no mail is taken for this domain"
      },
      "status": 400
    }
    "#);
    world
        .post("/pro/api/domains", &pro, json!({}))
        .await
        .expect_status(400);
}

#[tokio::test]
async fn add_domain_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("POST", "/pro/api/domains").await;
}
