//! `POST /pro/api/login/local`

use serde_json::Value;

use crate::support::World;

#[tokio::test]
async fn login_local_on_ordinary_server_is_not_found() {
    let world = World::sqlite().await;
    let refused = world.post("/pro/api/login/local", "", Value::Null).await;
    assert_eq!(refused.expect_status(404).text("error"), "not_found");
}

#[tokio::test]
async fn login_local_on_open_server_signs_the_built_in_user_in() {
    let world = World::open_server().await;
    let first = world
        .post("/pro/api/login/local", "", Value::Null)
        .await
        .expect_status(200);
    assert_eq!(first.text("email"), "local@mayfly.invalid");
    let again = world
        .post("/pro/api/login/local", "", Value::Null)
        .await
        .expect_status(200);
    for token in [first.text("token"), again.text("token")] {
        let me = world.get("/pro/api/me", &token).await.expect_status(200);
        assert_eq!(me.text("id"), first.text("user_id"));
    }
    // Its password is random.
    let body = serde_json::json!({"email": "local@mayfly.invalid", "password": "correct horse"});
    world.post("/pro/api/login", "", body).await.expect_status(401);
}
