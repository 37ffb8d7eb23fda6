//! `GET /api/accounts/{account}/messages/{id}`

use crate::support::{EXPIRED_ID, MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn get_message_equals_message_of_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let expected = world
        .get(&format!("/api/messages/{id}"), &mailbox.token)
        .await
        .json();
    for token in [&pro, &mailbox.token] {
        let path = format!("/api/accounts/ann@mayfly.test/messages/{id}");
        assert_eq!(world.get(&path, token).await.expect_status(200).json(), expected);
    }
}

#[tokio::test]
async fn get_message_unknown_or_expired_is_not_there() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    for (id, status, code) in [
        (UNKNOWN_ID, 404, "not_found"),
        ("x", 404, "not_found"),
        (EXPIRED_ID, 410, "expired"),
    ] {
        let path = format!("/api/accounts/{}/messages/{id}", mailbox.id);
        let answer = world.get(&path, &mailbox.token).await.expect_status(status);
        assert_eq!(answer.text("error"), code);
    }
    let path = format!("/api/accounts/{}/messages/{UNKNOWN_ID}", mailbox.id);
    world.assert_unauthorized_td("GET", &path, &[]).await;
}
