//! `GET /api/user/webhooks`

use crate::support::World;

#[tokio::test]
async fn list_webhooks_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    world.create_webhook(&pro).await;
    let expected = world.get("/pro/api/webhooks", &pro).await.json();
    let listed = world
        .get("/api/user/webhooks", &pro)
        .await
        .expect_status(200)
        .json();
    assert_eq!(listed, expected);
    assert_eq!(listed["webhooks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn list_webhooks_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td("GET", "/api/user/webhooks", &[&mailbox.token])
        .await;
}
