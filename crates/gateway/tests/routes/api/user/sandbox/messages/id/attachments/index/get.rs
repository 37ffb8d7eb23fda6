//! `GET /api/user/sandbox/messages/{id}/attachments/{index}`

use crate::support::{MAIL, World};

#[tokio::test]
async fn get_sandbox_attachment_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let id = world.submit(&pro, &["ann@foreign.example"], MAIL).await;
    let expected = world
        .get(&format!("/pro/api/sandbox/messages/{id}/attachments/0"), &pro)
        .await
        .expect_status(200);
    let path = format!("/api/user/sandbox/messages/{id}/attachments/0");
    let answer = world.get(&path, &pro).await.expect_status(200);
    assert_eq!(answer.body, expected.body);
    let wrong = format!("/api/user/sandbox/messages/{id}/attachments/x");
    let refused = world.get(&wrong, &pro).await.expect_status(400);
    assert_eq!(refused.text("error"), "invalid_index");
}

#[tokio::test]
async fn get_sandbox_attachment_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td(
            "GET",
            "/api/user/sandbox/messages/01a20846-fe00-7000-8000-000000000000/attachments/0",
            &[&mailbox.token],
        )
        .await;
}
