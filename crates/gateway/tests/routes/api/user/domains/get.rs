//! `GET /api/user/domains`

use crate::support::World;

#[tokio::test]
async fn list_own_domains_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    world.add_domain(&pro).await;
    let expected = world.get("/pro/api/domains", &pro).await.json();
    let listed = world
        .get("/api/user/domains", &pro)
        .await
        .expect_status(200)
        .json();
    assert_eq!(listed, expected);
    assert_eq!(listed["domains"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn list_own_domains_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td("GET", "/api/user/domains", &[&mailbox.token])
        .await;
}
