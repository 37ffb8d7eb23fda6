//! `POST /api/user/webhooks/{id}/rotate`

use serde_json::Value;

use crate::support::World;

#[tokio::test]
async fn rotate_webhook_secret_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let id = world.create_webhook(&pro).await;
    let path = format!("/api/user/webhooks/{id}/rotate");
    let rotated = world.post(&path, &pro, Value::Null).await.expect_status(200);
    assert!(rotated.text("secret").starts_with("whsec_"));
}

#[tokio::test]
async fn rotate_webhook_secret_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td(
            "POST",
            "/api/user/webhooks/01a20846-fe00-7000-8000-000000000000/rotate",
            &[&mailbox.token],
        )
        .await;
}
