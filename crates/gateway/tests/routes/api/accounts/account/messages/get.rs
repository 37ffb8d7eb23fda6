//! `GET /api/accounts/{account}/messages`

use crate::support::{MAIL, World};

#[tokio::test]
async fn list_messages_equals_list_of_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    world.deliver(&mailbox, MAIL).await;
    for page in ["", "?page=1", "?page=2", "?page=x"] {
        let expected = world
            .get(&format!("/api/messages{page}"), &mailbox.token)
            .await
            .json();
        for (account, token) in [(mailbox.id.as_str(), &pro), ("ann@mayfly.test", &mailbox.token)] {
            let path = format!("/api/accounts/{account}/messages{page}");
            assert_eq!(world.get(&path, token).await.expect_status(200).json(), expected);
        }
    }
}

#[tokio::test]
async fn list_messages_of_other_owner_is_not_found() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let pro = world.register().await;
    let path = format!("/api/accounts/{}/messages", mailbox.id);
    world.get(&path, &pro).await.expect_status(404);
    world.assert_unauthorized_td("GET", &path, &[]).await;
}
