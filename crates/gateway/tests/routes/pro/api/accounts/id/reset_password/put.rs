//! `PUT /pro/api/accounts/{id}/reset-password`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::{PASSWORD, UNKNOWN_ID, World};

db_test!(reset_password_revokes_older_tokens);

async fn reset_password_revokes_older_tokens(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let path = format!("/pro/api/accounts/{}/reset-password", mailbox.id);
    assert_json_snapshot!(world.put(&path, &pro, json!({"password": "new horse"})).await.snapshot(), @r#"
    {
      "body": {
        "message": "password_reset"
      },
      "status": 200
    }
    "#);
    world.get("/api/me", &mailbox.token).await.expect_status(401);
    let body = json!({"address": "ann@mayfly.test", "password": "new horse"});
    world.post("/api/token", "", body).await.expect_status(200);
}

#[tokio::test]
async fn reset_password_too_short_is_rejected() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let path = format!("/pro/api/accounts/{}/reset-password", mailbox.id);
    assert_json_snapshot!(world.put(&path, &pro, json!({"password": "short"})).await.snapshot(), @r#"
    {
      "body": {
        "error": "password_too_short",
        "message": "the password needs at least 6 bytes"
      },
      "status": 400
    }
    "#);
}

#[tokio::test]
async fn reset_password_unknown_id_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("/pro/api/accounts/{UNKNOWN_ID}/reset-password");
    assert_json_snapshot!(world.call("PUT", &path, &pro, json!({"password": PASSWORD})).await.snapshot(), @r#"
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
async fn reset_password_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_pro_only(
            "PUT",
            "/pro/api/accounts/01a20846-fe00-7000-8000-000000000000/reset-password",
        )
        .await;
}
