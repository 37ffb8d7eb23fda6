//! `POST /v1/domains`

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn add_domain_answers_as_the_bearer_api() {
    let world = World::open().await;
    let pro = world.register().await;
    for (domain, status) in [("mine.example", 201), ("open.test", 400), ("sub.open.test", 400)] {
        let body = json!({"domain": domain});
        world
            .call_v1("POST", "/v1/domains", &pro, body)
            .await
            .expect_status(status);
    }
    world
        .assert_unauthorized_v1("POST", "/v1/domains", &["", "garbage"])
        .await;
}
