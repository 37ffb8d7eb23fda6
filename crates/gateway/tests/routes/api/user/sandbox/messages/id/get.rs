//! `GET /api/user/sandbox/messages/{id}`

use crate::support::{UNKNOWN_ID, World};

#[tokio::test]
async fn get_sandbox_message_has_the_recipient_as_its_address() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let id = world
        .submit(&pro, &["ann@foreign.example"], "Subject: x\r\n\r\nx\r\n")
        .await;
    let path = format!("/api/user/sandbox/messages/{id}");
    let shown = world.get(&path, &pro).await.expect_status(200).json();
    assert_eq!(shown["address"], "ann@foreign.example");
    let unknown = format!("/api/user/sandbox/messages/{UNKNOWN_ID}");
    world.get(&unknown, &pro).await.expect_status(404);
}

#[tokio::test]
async fn get_sandbox_message_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td(
            "GET",
            "/api/user/sandbox/messages/01a20846-fe00-7000-8000-000000000000",
            &[&mailbox.token],
        )
        .await;
}
