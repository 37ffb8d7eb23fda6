//! `DELETE /v1/tokens/{id}`

use serde_json::{Value, json};

use crate::support::World;

#[tokio::test]
async fn revoke_token_answers_as_the_bearer_api() {
    let world = World::open().await;
    let pro = world.register().await;
    let created = world.post("/pro/api/tokens", &pro, json!({"name": "ci"})).await;
    let path = format!("/v1/tokens/{}", created.text("id"));
    world
        .call_v1("DELETE", &path, &pro, Value::Null)
        .await
        .expect_status(204);
    world
        .get_v1("/v1/tokens", &created.text("token"))
        .await
        .expect_status(401);
    world
        .assert_unauthorized_v1(
            "DELETE",
            "/v1/tokens/01a20846-fe00-7000-8000-000000000000",
            &["", "garbage"],
        )
        .await;
}
