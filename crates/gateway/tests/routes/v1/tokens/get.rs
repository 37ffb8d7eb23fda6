//! `GET /v1/tokens`

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn list_tokens_answers_as_the_bearer_api() {
    let world = World::open().await;
    let pro = world.register().await;
    world
        .post("/pro/api/tokens", &pro, json!({"name": "ci"}))
        .await
        .expect_status(201);
    let expected = world.get("/pro/api/tokens", &pro).await.json();
    assert_eq!(
        world.get_v1("/v1/tokens", &pro).await.expect_status(200).json(),
        expected
    );
    world
        .assert_unauthorized_v1("GET", "/v1/tokens", &["", "garbage"])
        .await;
}
