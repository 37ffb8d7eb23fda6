//! `DELETE /pro/api/accounts/{id}`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{UNKNOWN_ID, World};

db_test!(delete_account_revokes_mailbox_token);

async fn delete_account_revokes_mailbox_token(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let path = format!("/pro/api/accounts/{}", mailbox.id);
    assert_json_snapshot!(world.delete(&path, &pro).await.snapshot(), @r#"
    {
      "body": null,
      "status": 204
    }
    "#);
    world.get("/api/me", &mailbox.token).await.expect_status(401);
}

#[tokio::test]
async fn delete_account_unknown_id_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = format!("/pro/api/accounts/{UNKNOWN_ID}");
    assert_json_snapshot!(world.call("DELETE", &path, &pro, Value::Null).await.snapshot(), @r#"
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
async fn delete_account_of_another_user_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let other = world.register_as("bob@example.com").await;
    let path = format!("/pro/api/accounts/{}", mailbox.id);
    world.delete(&path, &other).await.expect_status(404);
    world.get("/api/me", &mailbox.token).await.expect_status(200);
}

#[tokio::test]
async fn delete_account_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_pro_only("DELETE", "/pro/api/accounts/01a20846-fe00-7000-8000-000000000000")
        .await;
}
