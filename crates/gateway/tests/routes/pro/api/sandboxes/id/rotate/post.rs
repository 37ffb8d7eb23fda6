//! `POST /pro/api/sandboxes/{id}/rotate`

use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{UNKNOWN_ID, World};

db_test!(rotate_sandbox_returns_another_password);

async fn rotate_sandbox_returns_another_password(db: Db) {
    let world = World::start(db).await;
    let (pro, other) = (world.register().await, world.register_as("bob@example.com").await);
    let created = world.create_sandbox(&pro).await;
    let path = format!("/pro/api/sandboxes/{}/rotate", created.text("id"));
    let rotated = world.post(&path, &pro, Value::Null).await.expect_status(200);
    assert_eq!(rotated.text("username"), created.text("username"));
    assert_ne!(rotated.text("password"), created.text("password"));
    assert!(rotated.text("url").contains(&rotated.text("password")));
    world.post(&path, &other, Value::Null).await.expect_status(404);
    let unknown = format!("/pro/api/sandboxes/{UNKNOWN_ID}/rotate");
    world.post(&unknown, &pro, Value::Null).await.expect_status(404);
}

#[tokio::test]
async fn rotate_sandbox_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = "/pro/api/sandboxes/01a20846-fe00-7000-8000-000000000000/rotate";
    world.assert_pro_only("POST", path).await;
}
