//! `DELETE /v1/domains/{id}`

use serde_json::Value;

use crate::support::World;

#[tokio::test]
async fn delete_domain_answers_as_the_bearer_api() {
    let world = World::open().await;
    let pro = world.register().await;
    let path = format!("/v1/domains/{}", world.add_domain(&pro).await);
    world
        .call_v1("DELETE", &path, &pro, Value::Null)
        .await
        .expect_status(204);
    world
        .call_v1("DELETE", &path, &pro, Value::Null)
        .await
        .expect_status(404);
    world
        .assert_unauthorized_v1(
            "DELETE",
            "/v1/domains/01a20846-fe00-7000-8000-000000000000",
            &["", "garbage"],
        )
        .await;
}
