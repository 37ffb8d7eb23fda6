//! `POST /pro/api/login`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::{PASSWORD, World};

db_test!(login_returns_user_and_token);

async fn login_returns_user_and_token(db: Db) {
    let world = World::start(db).await;
    world.register().await;
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    let answer = world.post("/pro/api/login", "", body).await;
    assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "body": {
        "email": "ann@example.com",
        "token": "[token]",
        "user_id": "[id]"
      },
      "status": 200
    }
    "#);
    world
        .get("/pro/api/me", &answer.text("token"))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn login_wrong_password_equals_unknown_user() {
    let world = World::sqlite().await;
    world.register().await;
    let body = json!({"email": "ann@example.com", "password": "wrong horse"});
    let wrong = world.post("/pro/api/login", "", body).await;
    assert_json_snapshot!(wrong.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_credentials",
        "message": "the address or the password is wrong"
      },
      "status": 401
    }
    "#);
    let body = json!({"email": "bob@example.com", "password": PASSWORD});
    let unknown = world.post("/pro/api/login", "", body).await;
    assert_eq!(unknown.snapshot(), wrong.snapshot());
}

#[tokio::test]
async fn login_invalid_input_names_the_field() {
    let world = World::sqlite().await;
    assert_json_snapshot!(world.post("/pro/api/login", "", json!({"email": "ann@example.com"})).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_request",
        "message": "password: is missing"
      },
      "status": 400
    }
    "#);
}
