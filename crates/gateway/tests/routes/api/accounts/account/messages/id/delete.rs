//! `DELETE /api/accounts/{account}/messages/{id}`

use crate::support::{MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn delete_message_removes_it_once() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = format!("/api/accounts/ann%40mayfly.test/messages/{id}");
    world.delete(&path, &pro).await.expect_status(204);
    world.delete(&path, &pro).await.expect_status(404);
    let me = world.get("/api/me", &mailbox.token).await.json();
    assert_eq!(me["used"], 0);
}

#[tokio::test]
async fn delete_message_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/api/accounts/{}/messages/{UNKNOWN_ID}", mailbox.id);
    world.assert_unauthorized_td("DELETE", &path, &[]).await;
}
