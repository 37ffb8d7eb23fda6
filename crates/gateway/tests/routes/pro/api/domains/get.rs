//! `GET /pro/api/domains`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::World;

db_test!(list_custom_domains_returns_dns_records);

async fn list_custom_domains_returns_dns_records(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    world.add_domain(&pro).await;
    assert_json_snapshot!(world.get("/pro/api/domains", &pro).await.snapshot(), @r#"
    {
      "body": {
        "domains": [
          {
            "catch_all": null,
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
            "mx_configured": false,
            "verified_at": null,
            "verify_status": "pending",
            "verify_token": "[verify_token]"
          }
        ]
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn list_custom_domains_hides_other_users_domains() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    world.add_domain(&pro).await;
    let other = world.register_as("bob@example.com").await;
    assert_json_snapshot!(world.get("/pro/api/domains", &other).await.snapshot(), @r#"
    {
      "body": {
        "domains": []
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn list_custom_domains_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("GET", "/pro/api/domains").await;
}
