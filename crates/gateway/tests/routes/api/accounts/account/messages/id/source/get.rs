//! `GET /api/accounts/{account}/messages/{id}/source`

use crate::support::{MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn get_source_returns_bytes_as_received() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = format!("/api/accounts/{}/messages/{id}/source", mailbox.id);
    let answer = world.get(&path, &pro).await.expect_status(200);
    assert_eq!(answer.header("content-type"), "message/rfc822");
    assert_eq!(answer.body, MAIL.as_bytes());
}

#[tokio::test]
async fn get_source_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/api/accounts/{}/messages/{UNKNOWN_ID}/source", mailbox.id);
    world.assert_unauthorized_td("GET", &path, &[]).await;
}
