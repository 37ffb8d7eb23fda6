//! `DELETE /pro/api/sandboxes/{id}`

use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::World;

db_test!(delete_sandbox_removes_it_with_its_mail);

async fn delete_sandbox_removes_it_with_its_mail(db: Db) {
    let world = World::start(db).await;
    let (pro, other) = (world.register().await, world.register_as("bob@example.com").await);
    let created = world.create_sandbox(&pro).await;
    let path = format!("/pro/api/sandboxes/{}", created.text("id"));
    world.delete(&path, &other).await.expect_status(404);
    world.delete(&path, &pro).await.expect_status(204);
    world.delete(&path, &pro).await.expect_status(404);
    assert_eq!(
        world.get("/pro/api/sandboxes", &pro).await.json(),
        json!({"sandboxes": []})
    );
    let messages = format!("/pro/api/accounts/{}/messages", created.text("account_id"));
    world.get(&messages, &pro).await.expect_status(404);
}

#[tokio::test]
async fn delete_sandbox_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = "/pro/api/sandboxes/01a20846-fe00-7000-8000-000000000000";
    world.assert_pro_only("DELETE", path).await;
}
