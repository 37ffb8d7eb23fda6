//! `GET /api/user/tokens`

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn list_tokens_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    world
        .post("/pro/api/tokens", &pro, json!({"name": "ci"}))
        .await
        .expect_status(201);
    let expected = world.get("/pro/api/tokens", &pro).await.json();
    let listed = world
        .get("/api/user/tokens", &pro)
        .await
        .expect_status(200)
        .json();
    assert_eq!(listed, expected);
    assert_eq!(listed["tokens"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn list_tokens_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td("GET", "/api/user/tokens", &[&mailbox.token])
        .await;
}
