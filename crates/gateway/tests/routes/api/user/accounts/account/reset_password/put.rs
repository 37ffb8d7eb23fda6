//! `PUT /api/user/accounts/{account}/reset-password`

use serde_json::json;

use crate::support::{MAIL, World};

#[tokio::test]
async fn reset_user_account_password_by_address_acts_on_own_mailbox_only() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let own = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    world.create_mailbox_for("bob@mayfly.test", "").await;
    world.deliver(&own, MAIL).await;
    let call = async |account: &str| {
        let path = format!("/api/user/accounts/{account}/reset-password");
        world
            .call("PUT", &path, &pro, json!({"password": "battery staple"}))
            .await
    };
    call("bob@mayfly.test").await.expect_status(404);
    let answer = call("ANN@mayfly.test").await.expect_status(200);
    assert_eq!(answer.json(), json!({"message": "password_reset"}));
    world.get("/api/me", &own.token).await.expect_status(401);
    call(&own.id).await.expect_status(200);
}

#[tokio::test]
async fn reset_user_account_password_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/api/user/accounts/{}/reset-password", mailbox.id);
    world
        .assert_unauthorized_td("PUT", &path, &[&mailbox.token])
        .await;
}
