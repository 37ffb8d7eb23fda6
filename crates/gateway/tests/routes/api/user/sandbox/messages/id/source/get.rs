//! `GET /api/user/sandbox/messages/{id}/source`

use crate::support::World;

#[tokio::test]
async fn get_sandbox_source_returns_bytes_as_received() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mail = "Subject: x\r\n\r\nx\r\n";
    let id = world.submit(&pro, &["ann@foreign.example"], mail).await;
    let path = format!("/api/user/sandbox/messages/{id}/source");
    let source = world.get(&path, &pro).await.expect_status(200);
    assert!(source.body.ends_with(mail.as_bytes()));
}

#[tokio::test]
async fn get_sandbox_source_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td(
            "GET",
            "/api/user/sandbox/messages/01a20846-fe00-7000-8000-000000000000/source",
            &[&mailbox.token],
        )
        .await;
}
