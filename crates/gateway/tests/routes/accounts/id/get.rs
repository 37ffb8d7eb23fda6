//! `GET /accounts/{id}`

use crate::{
    hydra::{JSON, assert_error},
    support::{UNKNOWN_ID, World},
};

#[tokio::test]
async fn get_account_returns_own_mailbox_only() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let other = world.create_mailbox_for("other@mayfly.test", "").await;
    let path = format!("/accounts/{}", mailbox.id);
    let found = world
        .accept("GET", &path, &mailbox.token, JSON)
        .await
        .expect_status(200);
    assert_eq!(
        found.json(),
        world.accept("GET", "/me", &mailbox.token, JSON).await.json()
    );
    for id in [&other.id, UNKNOWN_ID, "x"] {
        let answer = world.get(&format!("/accounts/{id}"), &mailbox.token).await;
        assert_error(&answer, 404, "Not Found");
    }
    world.assert_jwt_only("GET", &path).await;
}
