//! `POST /pro/api/register`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::{PASSWORD, World};

db_test!(
    register_returns_user_and_token,
    register_taken_email_is_a_conflict
);

async fn register_returns_user_and_token(db: Db) {
    let world = World::start(db).await;
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    let answer = world.post("/pro/api/register", "", body).await;
    assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "body": {
        "email": "ann@example.com",
        "token": "[token]",
        "user_id": "[id]"
      },
      "status": 201
    }
    "#);
    world
        .get("/pro/api/me", &answer.text("token"))
        .await
        .expect_status(200);
}

async fn register_taken_email_is_a_conflict(db: Db) {
    let world = World::start(db).await;
    world.register().await;
    let body = json!({"email": "ANN@example.com", "password": PASSWORD});
    assert_json_snapshot!(world.post("/pro/api/register", "", body).await.snapshot(), @r#"
    {
      "body": {
        "error": "email_taken",
        "message": "this e-mail address is registered already"
      },
      "status": 409
    }
    "#);
}

#[tokio::test]
async fn register_invalid_input_names_the_field() {
    let world = World::sqlite().await;
    let body = json!({"email": "ann@example.com", "password": "sevensy"});
    assert_json_snapshot!(world.post("/pro/api/register", "", body).await.snapshot(), @r#"
    {
      "body": {
        "error": "password_too_short",
        "message": "the password needs at least 8 bytes"
      },
      "status": 400
    }
    "#);
    let missing = world
        .post("/pro/api/register", "", json!({"email": "ann@example.com"}))
        .await;
    assert_eq!(missing.expect_status(400).text("message"), "password: is missing");
}
