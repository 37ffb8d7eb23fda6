//! `GET /api/user/sandbox`

use crate::support::World;

#[tokio::test]
async fn get_sandbox_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let expected = world.get("/pro/api/sandbox", &pro).await.json();
    let shown = world
        .get("/api/user/sandbox", &pro)
        .await
        .expect_status(200)
        .json();
    assert_eq!(shown, expected);
    assert_eq!(shown["username"], "any");
}

#[tokio::test]
async fn get_sandbox_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td("GET", "/api/user/sandbox", &[&mailbox.token])
        .await;
}
