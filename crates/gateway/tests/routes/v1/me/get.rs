//! `GET /v1/me`

use crate::support::{MAIL, World};

#[tokio::test]
async fn wait_for_own_email_names_the_address() {
    let world = World::open().await;
    let pro = world.register().await;
    let own = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    world
        .create_mailbox_for("bob@mayfly.test", &world.register_as("bob@example.com").await)
        .await;
    let id = world.deliver(&own, MAIL).await;
    let answer = world.get_v1("/v1/me", &pro).await.expect_status(200).json();
    assert_eq!(answer["emails"].as_array().unwrap().len(), 1);
    assert_eq!(answer["emails"][0]["id"], id);
    assert_eq!(answer["emails"][0]["address"], "ann@mayfly.test");
    assert_eq!(answer["next_since"], id);
}

#[tokio::test]
async fn wait_for_own_email_without_pro_user_is_unauthorized() {
    let world = World::open().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_v1("GET", "/v1/me", &["", "garbage", &mailbox.token])
        .await;
}
