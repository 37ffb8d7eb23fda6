//! `POST /pro/api/sandboxes`

use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::World;

db_test!(create_sandbox_returns_its_login_once);

async fn create_sandbox_returns_its_login_once(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let created = world.create_sandbox(&pro).await;
    let (username, password) = (created.text("username"), created.text("password"));
    assert!(username.starts_with("sb_") && username.len() == 11, "{username}");
    assert!(password.starts_with("mfs_") && password.len() == 36, "{password}");
    assert_eq!(
        created.text("url"),
        format!("smtp://{username}:{password}@mx.mayfly.test:587")
    );
    let expected = json!({
        "id": created.text("id"), "name": "api", "account_id": created.text("account_id"), "username": username,
        "smtp": {"host": "mx.mayfly.test", "port": 587, "submissions_port": 465, "tls": "starttls"},
        "is_default": false, "max_messages": 1000, "retention": "7d", "deliver_to_own": true,
        "quota": 52_428_800, "used": 0, "created_at": created.text("created_at"),
        "password": password, "url": created.text("url"),
    });
    assert_eq!(created.json(), expected);
    // The password is no bearer token.
    world.get("/pro/api/me", &password).await.expect_status(401);
    // Its messages are those of a mailbox of the user.
    let path = format!("/pro/api/accounts/{}/messages", created.text("account_id"));
    world.get(&path, &pro).await.expect_status(200);
}

#[tokio::test]
async fn create_sandbox_with_unusable_setting_names_it() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    for (name, value) in [
        ("name", json!("")),
        ("max_messages", json!(0)),
        ("max_messages", json!(10_001)),
        ("retention", json!("soon")),
        ("retention", json!("30s")),
    ] {
        let mut body = json!({"name": "api"});
        body[name] = value;
        let refused = world
            .post("/pro/api/sandboxes", &pro, body)
            .await
            .expect_status(400);
        assert_eq!(refused.text("error"), "invalid_request");
        assert!(refused.text("message").starts_with(name), "{refused:?}");
    }
}

#[tokio::test]
async fn create_sandbox_beyond_limit_is_forbidden() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    for _ in 0..100 {
        world.create_sandbox(&pro).await;
    }
    let refused = world
        .post("/pro/api/sandboxes", &pro, json!({"name": "api"}))
        .await;
    assert_eq!(refused.expect_status(403).text("error"), "sandbox_limit_reached");
}

#[tokio::test]
async fn create_sandbox_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = "/pro/api/sandboxes";
    world.assert_pro_only("POST", path).await;
}
