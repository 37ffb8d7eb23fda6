//! `POST /api/user/webhooks`

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn create_webhook_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let body = json!({"url": crate::support::RECEIVER});
    let created = world
        .post("/api/user/webhooks", &pro, body)
        .await
        .expect_status(201);
    assert!(created.text("secret").starts_with("whsec_"));
}

#[tokio::test]
async fn create_webhook_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td("POST", "/api/user/webhooks", &[&mailbox.token])
        .await;
}
