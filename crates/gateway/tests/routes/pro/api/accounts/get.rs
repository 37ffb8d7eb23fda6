//! `GET /pro/api/accounts`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::World;

db_test!(list_accounts_returns_own_mailboxes);

async fn list_accounts_returns_own_mailboxes(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    world.create_mailbox_for("ann@mayfly.test", &pro).await;
    world.create_mailbox_for("bob@mayfly.test", "").await;
    assert_json_snapshot!(world.get("/pro/api/accounts", &pro).await.snapshot(), @r#"
    {
      "body": {
        "accounts": [
          {
            "address": "ann@mayfly.test",
            "created_at": "2026-11-23T12:00:00Z",
            "id": "[id]",
            "quota": 52428800,
            "used": 0
          }
        ]
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn list_accounts_with_two_credentials_is_invalid() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let answer = world.get("/pro/api/accounts?ticket=a", &pro).await;
    assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_request",
        "message": "send one credential, in one Authorization header"
      },
      "status": 400
    }
    "#);
}

#[tokio::test]
async fn list_accounts_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("GET", "/pro/api/accounts").await;
}
