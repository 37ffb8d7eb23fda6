//! `POST /api/user/tokens`

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn create_pro_token_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let body = json!({"name": "ci"});
    let created = world
        .post("/api/user/tokens", &pro, body)
        .await
        .expect_status(201);
    world
        .get("/api/user/me", &created.text("token"))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn create_pro_token_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td("POST", "/api/user/tokens", &[&mailbox.token])
        .await;
}
