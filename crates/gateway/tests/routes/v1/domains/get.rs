//! `GET /v1/domains`

use crate::support::World;

#[tokio::test]
async fn list_own_domains_answers_as_the_bearer_api() {
    let world = World::open().await;
    let pro = world.register().await;
    world.add_domain(&pro).await;
    let expected = world.get("/pro/api/domains", &pro).await.json();
    assert_eq!(
        world.get_v1("/v1/domains", &pro).await.expect_status(200).json(),
        expected
    );
    world
        .assert_unauthorized_v1("GET", "/v1/domains", &["", "garbage"])
        .await;
}
