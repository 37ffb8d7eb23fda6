//! `GET /api/user/sandbox/messages`

use crate::support::World;

#[tokio::test]
async fn list_sandbox_messages_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let path = "/api/user/sandbox/messages";
    let before = world.get(path, &pro).await.expect_status(200).json();
    assert_eq!(before["messages"].as_array().unwrap().len(), 0);
    world
        .submit(&pro, &["ann@foreign.example"], "Subject: x\r\n\r\nx\r\n")
        .await;
    let expected = world.get("/pro/api/sandbox/messages", &pro).await.json();
    let listed = world.get(path, &pro).await.expect_status(200).json();
    assert_eq!(listed, expected);
    assert_eq!(listed["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn list_sandbox_messages_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td("GET", "/api/user/sandbox/messages", &[&mailbox.token])
        .await;
}
