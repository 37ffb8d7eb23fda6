//! `POST /pro/api/domains/{id}/verify`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{UNKNOWN_ID, World};

db_test!(verify_domain_with_records_is_verified);

async fn verify_domain_with_records_is_verified(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let id = world.add_domain(&pro).await;
    world.publish_records(&pro).await;
    let path = format!("/pro/api/domains/{id}/verify");
    assert_json_snapshot!(world.post(&path, &pro, Value::Null).await.snapshot(), @r#"
    {
      "body": {
        "dns_records": [
          {
            "host": "mine.example",
            "ok": true,
            "type": "TXT",
            "value": "[verify_token]"
          },
          {
            "host": "mine.example",
            "ok": true,
            "priority": 10,
            "type": "MX",
            "value": "mx.mayfly.test"
          }
        ],
        "domain": "mine.example",
        "id": "[id]",
        "message": "the domain is verified",
        "mx_configured": true,
        "mx_record": true,
        "txt_record": true,
        "verified_at": "2026-11-23T12:00:00Z",
        "verify_status": "verified"
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn verify_domain_without_records_stays_pending() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let id = world.add_domain(&pro).await;
    let path = format!("/pro/api/domains/{id}/verify");
    assert_json_snapshot!(world.post(&path, &pro, Value::Null).await.snapshot(), @r#"
    {
      "body": {
        "dns_records": [
          {
            "host": "mine.example",
            "ok": false,
            "type": "TXT",
            "value": "[verify_token]"
          },
          {
            "host": "mine.example",
            "ok": false,
            "priority": 10,
            "type": "MX",
            "value": "mx.mayfly.test"
          }
        ],
        "domain": "mine.example",
        "id": "[id]",
        "message": "there is no such domain in the DNS: neither a TXT record nor anything else",
        "mx_configured": false,
        "mx_record": false,
        "txt_record": false,
        "verified_at": null,
        "verify_status": "pending"
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn verify_domain_unknown_id_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("/pro/api/domains/{UNKNOWN_ID}/verify");
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
async fn verify_domain_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_pro_only(
            "POST",
            "/pro/api/domains/01a20846-fe00-7000-8000-000000000000/verify",
        )
        .await;
}
