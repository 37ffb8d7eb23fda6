//! `GET /api/me`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::World;

db_test!(get_me_returns_mailbox);

async fn get_me_returns_mailbox(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    assert_json_snapshot!(world.get("/api/me", &mailbox.token).await.snapshot(), @r#"
    {
      "body": {
        "address": "ann@mayfly.test",
        "created_at": "2026-11-23T12:00:00Z",
        "id": "[id]",
        "quota": 41943040,
        "role": "user",
        "used": 0
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn get_me_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_mailbox_only("GET", "/api/me").await;
}

#[tokio::test]
async fn get_me_with_two_credentials_is_invalid() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let answer = world.get("/api/me?access_token=a", &mailbox.token).await;
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
