//! `GET /messages/{id}/download`

use crate::{
    hydra::{JSON, SHOP},
    support::World,
};

#[tokio::test]
async fn download_message_returns_bytes_as_received() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/messages/{}/download", world.deliver(&mailbox, SHOP).await);
    for path in [&path, &format!("/{path}")] {
        let answer = world
            .accept("GET", path, &mailbox.token, JSON)
            .await
            .expect_status(200);
        assert_eq!(answer.body, SHOP.as_bytes());
        assert_eq!(answer.header("content-type"), "message/rfc822");
        assert_eq!(
            answer.header("content-disposition"),
            "attachment; filename=\"message.eml\""
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    world.assert_jwt_only("GET", &path).await;
}
