//! `PUT /pro/api/me/password`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::{PASSWORD, World};

const PATH: &str = "/pro/api/me/password";

db_test!(change_password_returns_new_token_and_voids_old);

async fn change_password_returns_new_token_and_voids_old(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let created = world.post("/pro/api/tokens", &pro, json!({"name": "ci"})).await;
    let body = json!({"current_password": PASSWORD, "password": "battery staple"});
    let changed = world.put(PATH, &pro, body).await;
    assert_json_snapshot!(changed.snapshot(), @r#"
    {
      "body": {
        "email": "ann@example.com",
        "token": "[token]",
        "user_id": "[id]"
      },
      "status": 200
    }
    "#);
    world.get("/pro/api/me", &pro).await.expect_status(401);
    for token in [changed.text("token"), created.text("token")] {
        world.get("/pro/api/me", &token).await.expect_status(200);
    }
    for (password, status) in [(PASSWORD, 401), ("battery staple", 200)] {
        let body = json!({"email": "ann@example.com", "password": password});
        world.post("/pro/api/login", "", body).await.expect_status(status);
    }
}

#[tokio::test]
async fn change_password_wrong_current_one_is_unauthorized() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let body = json!({"current_password": "a guess", "password": "battery staple"});
    assert_json_snapshot!(world.put(PATH, &pro, body).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_credentials",
        "message": "the address or the password is wrong"
      },
      "status": 401
    }
    "#);
    world.get("/pro/api/me", &pro).await.expect_status(200);
    let body = json!({"current_password": PASSWORD, "password": "short"});
    world.put(PATH, &pro, body).await.expect_status(400);
}

/// A stolen token is no way to guess the password: guesses count as those at the sign-in.
#[tokio::test]
async fn change_password_many_guesses_are_rate_limited() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    for _ in 0..10 {
        let body = json!({"current_password": "a guess", "password": "battery staple"});
        world.put(PATH, &pro, body).await.expect_status(401);
    }
    let body = json!({"current_password": PASSWORD, "password": "battery staple"});
    let refused = world.put(PATH, &pro, body).await.expect_status(429);
    assert!(refused.headers.contains_key("retry-after"));
    let body = json!({"password": PASSWORD});
    world
        .post("/pro/api/me/delete", &pro, body)
        .await
        .expect_status(429);
}

#[tokio::test]
async fn change_password_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("PUT", PATH).await;
}
