//! `POST /api/token`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::{PASSWORD, World};

db_test!(create_token_returns_mailbox_and_token);

async fn create_token_returns_mailbox_and_token(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let body = json!({"address": "ANN@mayfly.test", "password": PASSWORD});
    let answer = world.post("/api/token", "", body).await;
    assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "body": {
        "address": "ann@mayfly.test",
        "id": "[id]",
        "token": "[token]"
      },
      "status": 200
    }
    "#);
    assert_eq!(answer.text("id"), mailbox.id);
    world
        .get("/api/me", &answer.text("token"))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn create_token_wrong_password_equals_unknown_address() {
    let world = World::sqlite().await;
    world.create_mailbox().await;
    let body = json!({"address": "ann@mayfly.test", "password": "wrong horse"});
    let wrong = world.post("/api/token", "", body).await;
    assert_json_snapshot!(wrong.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_credentials",
        "message": "the address or the password is wrong"
      },
      "status": 401
    }
    "#);
    assert_eq!(wrong.header("www-authenticate"), "Bearer realm=\"mayfly\"");
    let body = json!({"address": "bob@mayfly.test", "password": PASSWORD});
    let unknown = world.post("/api/token", "", body).await;
    assert_eq!(unknown.snapshot(), wrong.snapshot());
}

#[tokio::test]
async fn create_token_too_many_failures_is_rate_limited() {
    let world = World::sqlite().await;
    world.create_mailbox().await;
    let body = || json!({"address": "ann@mayfly.test", "password": "wrong horse"});
    for _ in 0..10 {
        world.post("/api/token", "", body()).await.expect_status(401);
    }
    let limited = world.post("/api/token", "", body()).await;
    assert_json_snapshot!(limited.snapshot(), @r#"
    {
      "body": {
        "error": "rate_limited",
        "message": "too many requests; slow down"
      },
      "status": 429
    }
    "#);
    assert!(limited.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn create_token_invalid_input_names_the_field() {
    let world = World::sqlite().await;
    assert_json_snapshot!(world.post("/api/token", "", json!({"address": 7, "password": PASSWORD})).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_request",
        "message": "address: has the wrong type"
      },
      "status": 400
    }
    "#);
}
