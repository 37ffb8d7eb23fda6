//! `GET /api/user/me`

use insta::assert_json_snapshot;

use crate::support::{MAIL, World};

#[tokio::test]
async fn get_user_has_the_keys_of_all_clients() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    world.deliver(&mailbox, MAIL).await;
    assert_json_snapshot!(world.get("/api/user/me", &pro).await.snapshot(), @r#"
    {
      "body": {
        "account_count": 1,
        "created_at": "2026-11-23T12:00:00Z",
        "domain_count": 0,
        "downgraded": false,
        "email": "ann@example.com",
        "id": "[id]",
        "max_accounts": 1000,
        "max_domains": 10,
        "ops_limit": 1000000000,
        "ops_used": 1,
        "plan": "pro",
        "role": "user",
        "status": "active"
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn get_user_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td("GET", "/api/user/me", &[&mailbox.token])
        .await;
}
