//! `GET /pro/api/webhooks`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::World;

db_test!(list_webhooks_hides_secrets);

async fn list_webhooks_hides_secrets(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    world.create_webhook(&pro).await;
    assert_json_snapshot!(world.get("/pro/api/webhooks", &pro).await.snapshot(), @r#"
    {
      "body": {
        "webhooks": [
          {
            "created_at": "2026-11-23T12:00:00Z",
            "events": [
              "email.received"
            ],
            "failure_count": 0,
            "gives_up_at": null,
            "id": "[id]",
            "last_triggered_at": null,
            "status": "active",
            "url": "https://127.0.0.1:8443/hook"
          }
        ]
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn list_webhooks_hides_other_users_webhooks() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    world.create_webhook(&pro).await;
    let other = world.register_as("bob@example.com").await;
    assert_json_snapshot!(world.get("/pro/api/webhooks", &other).await.snapshot(), @r#"
    {
      "body": {
        "webhooks": []
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn list_webhooks_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("GET", "/pro/api/webhooks").await;
}
