//! `PATCH /pro/api/sandboxes/{id}`

use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::{UNKNOWN_ID, World};

db_test!(update_sandbox_changes_what_is_named);

async fn update_sandbox_changes_what_is_named(db: Db) {
    let world = World::start(db).await;
    let (pro, other) = (world.register().await, world.register_as("bob@example.com").await);
    let created = world.create_sandbox(&pro).await;
    let path = format!("/pro/api/sandboxes/{}", created.text("id"));
    let change = json!({"name": "web", "max_messages": 5, "retention": "12h", "deliver_to_own": false});
    let changed = world
        .call("PATCH", &path, &pro, change.clone())
        .await
        .expect_status(200);
    for (key, value) in change.as_object().unwrap() {
        assert_eq!(&changed.json()[key], value, "{key}");
    }
    let changed = world.call("PATCH", &path, &pro, json!({"name": "app"})).await;
    assert_eq!(
        (changed.text("name").as_str(), changed.text("retention").as_str()),
        ("app", "12h")
    );
    let refused = world.call("PATCH", &path, &pro, json!({"max_messages": 0})).await;
    refused.expect_status(400);
    let foreign = world.call("PATCH", &path, &other, json!({"name": "x"})).await;
    foreign.expect_status(404);
    let unknown = format!("/pro/api/sandboxes/{UNKNOWN_ID}");
    let unknown = world.call("PATCH", &unknown, &pro, json!({"name": "x"})).await;
    unknown.expect_status(404);
}

#[tokio::test]
async fn update_sandbox_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = "/pro/api/sandboxes/01a20846-fe00-7000-8000-000000000000";
    world.assert_pro_only("PATCH", path).await;
}
