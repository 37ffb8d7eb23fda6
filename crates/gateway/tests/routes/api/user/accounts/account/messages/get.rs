//! `GET /api/user/accounts/{account}/messages`

use serde_json::Value;

use crate::support::{MAIL, World};

#[tokio::test]
async fn list_user_account_messages_by_address_acts_on_own_mailbox_only() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let own = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    world.create_mailbox_for("bob@mayfly.test", "").await;
    world.deliver(&own, MAIL).await;
    let call = async |account: &str| {
        let path = format!("/api/user/accounts/{account}/messages");
        world.call("GET", &path, &pro, Value::Null).await
    };
    call("bob@mayfly.test").await.expect_status(404);
    let listed = call("ann@mayfly.test").await.expect_status(200).json();
    assert_eq!(listed, call(&own.id).await.json());
    assert_eq!(listed["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn list_user_account_messages_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/api/user/accounts/{}/messages", mailbox.id);
    world
        .assert_unauthorized_td("GET", &path, &[&mailbox.token])
        .await;
}
