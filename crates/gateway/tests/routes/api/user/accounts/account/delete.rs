//! `DELETE /api/user/accounts/{account}`

use serde_json::Value;

use crate::support::{MAIL, World};

#[tokio::test]
async fn delete_user_account_by_address_acts_on_own_mailbox_only() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let own = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    world.create_mailbox_for("bob@mayfly.test", "").await;
    world.deliver(&own, MAIL).await;
    let call = async |account: &str| {
        let path = format!("/api/user/accounts/{account}");
        world.call("DELETE", &path, &pro, Value::Null).await
    };
    call("bob@mayfly.test").await.expect_status(404);
    call("ann@mayfly.test").await.expect_status(204);
    call(&own.id).await.expect_status(404);
}

#[tokio::test]
async fn delete_user_account_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/api/user/accounts/{}", mailbox.id);
    world
        .assert_unauthorized_td("DELETE", &path, &[&mailbox.token])
        .await;
}
