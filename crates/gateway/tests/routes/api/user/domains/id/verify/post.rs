//! `POST /api/user/domains/{id}/verify`

use serde_json::Value;

use crate::support::World;

#[tokio::test]
async fn verify_domain_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let id = world.add_domain(&pro).await;
    world.publish_records(&pro).await;
    let path = format!("/api/user/domains/{id}/verify");
    world.post(&path, &pro, Value::Null).await.expect_status(200);
    let listed = world.get("/api/user/domains", &pro).await.json();
    assert_eq!(listed["domains"][0]["verify_status"], "verified");
}

#[tokio::test]
async fn verify_domain_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td(
            "POST",
            "/api/user/domains/01a20846-fe00-7000-8000-000000000000/verify",
            &[&mailbox.token],
        )
        .await;
}
