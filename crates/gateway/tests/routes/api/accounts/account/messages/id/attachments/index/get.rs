//! `GET /api/accounts/{account}/messages/{id}/attachments/{index}`

use crate::support::{MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn get_attachment_returns_decoded_bytes_as_a_download() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = |index: &str| format!("/api/accounts/{}/messages/{id}/attachments/{index}", mailbox.id);
    let answer = world.get(&path("0"), &pro).await.expect_status(200);
    assert_eq!(&answer.body[..], b"total,12\n");
    assert!(answer.header("content-disposition").starts_with("attachment;"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    for index in ["1", "x", "-1", ""] {
        let status = if index.is_empty() { 404 } else { 400 };
        let answer = world.get(&path(index), &pro).await.expect_status(status);
        assert_eq!(
            answer.text("error"),
            if index.is_empty() {
                "not_found"
            } else {
                "invalid_index"
            }
        );
    }
}

#[tokio::test]
async fn get_attachment_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/api/accounts/{}/messages/{UNKNOWN_ID}/attachments/0", mailbox.id);
    world.assert_unauthorized_td("GET", &path, &[]).await;
}
