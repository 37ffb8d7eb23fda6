//! `GET /pro/api/me`

use insta::assert_json_snapshot;
use mayfly_proto::auth::UserRole;
use mayfly_testkit::{Db, db_test};

use crate::support::World;

db_test!(get_pro_me_returns_user_and_limits);

async fn get_pro_me_returns_user_and_limits(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    assert_json_snapshot!(world.get("/pro/api/me", &pro).await.snapshot(), @r#"
    {
      "body": {
        "account_count": 0,
        "created_at": "2026-11-23T12:00:00Z",
        "domain_count": 0,
        "email": "ann@example.com",
        "id": "[id]",
        "max_accounts": 1000,
        "max_domains": 10,
        "plan": "pro",
        "role": "user",
        "status": "active"
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn get_pro_me_of_operator_has_role_admin() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    world.set_role(&pro, UserRole::Admin).await;
    assert_eq!(world.get("/pro/api/me", &pro).await.text("role"), "admin");
}

#[tokio::test]
async fn get_pro_me_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("GET", "/pro/api/me").await;
}
