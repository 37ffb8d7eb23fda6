//! `POST /api/user/domains`

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn add_domain_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let body = || json!({"domain": "mine.example"});
    let added = world
        .post("/api/user/domains", &pro, body())
        .await
        .expect_status(201)
        .json();
    assert_eq!(added["dns_records"][0]["value"], added["verify_token"]);
    assert_eq!(added["dns_records"][1]["priority"], 10);
}

#[tokio::test]
async fn add_domain_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td("POST", "/api/user/domains", &[&mailbox.token])
        .await;
}
