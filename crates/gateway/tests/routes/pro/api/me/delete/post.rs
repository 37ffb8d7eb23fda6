//! `POST /pro/api/me/delete`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::{MAIL, PASSWORD, World};

const PATH: &str = "/pro/api/me/delete";

db_test!(delete_pro_user_removes_all_objects);

async fn delete_pro_user_removes_all_objects(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let created = world.post("/pro/api/tokens", &pro, json!({"name": "ci"})).await;
    let token = created.text("token");
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    world.deliver(&mailbox, MAIL).await;
    world.create_webhook(&pro).await;
    world.add_verified_domain(&pro).await;
    let deleted = world.post(PATH, &pro, json!({"password": PASSWORD})).await;
    assert_json_snapshot!(deleted.snapshot(), @r#"
    {
      "body": null,
      "status": 204
    }
    "#);
    for credential in [&pro, &token] {
        world.get("/pro/api/me", credential).await.expect_status(401);
    }
    world.get("/api/me", &mailbox.token).await.expect_status(401);
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    world.post("/pro/api/login", "", body).await.expect_status(401);
    let body = json!({"address": "ann@mayfly.test", "password": PASSWORD});
    world.post("/api/accounts", "", body).await.expect_status(409);
    // The e-mail address and the domain are free at once.
    let pro = world.register().await;
    let listed = world.get("/pro/api/accounts", &pro).await.json();
    assert_eq!(listed["accounts"], json!([]));
    world.add_verified_domain(&pro).await;
}

#[tokio::test]
async fn delete_pro_user_wrong_password_keeps_everything() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    assert_json_snapshot!(world.post(PATH, &pro, json!({"password": "a guess"})).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_credentials",
        "message": "the address or the password is wrong"
      },
      "status": 401
    }
    "#);
    world.post(PATH, &pro, json!({})).await.expect_status(400);
    world.get("/pro/api/me", &pro).await.expect_status(200);
    world.get("/api/me", &mailbox.token).await.expect_status(200);
}

#[tokio::test]
async fn delete_pro_user_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("POST", PATH).await;
}
