//! `POST /v1/tokens`

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn create_pro_token_answers_as_the_bearer_api() {
    let world = World::open().await;
    let pro = world.register().await;
    let body = json!({"name": "ci"});
    let created = world
        .call_v1("POST", "/v1/tokens", &pro, body)
        .await
        .expect_status(201);
    world
        .get_v1("/v1/tokens", &created.text("token"))
        .await
        .expect_status(200);
    world
        .assert_unauthorized_v1("POST", "/v1/tokens", &["", "garbage"])
        .await;
}
