//! `DELETE /api/user/sandbox/messages/{id}`

use crate::support::World;

#[tokio::test]
async fn delete_sandbox_message_removes_it() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let id = world
        .submit(&pro, &["ann@foreign.example"], "Subject: x\r\n\r\nx\r\n")
        .await;
    let path = format!("/api/user/sandbox/messages/{id}");
    world.delete(&path, &pro).await.expect_status(204);
    world.get(&path, &pro).await.expect_status(404);
}

#[tokio::test]
async fn delete_sandbox_message_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td(
            "DELETE",
            "/api/user/sandbox/messages/01a20846-fe00-7000-8000-000000000000",
            &[&mailbox.token],
        )
        .await;
}
