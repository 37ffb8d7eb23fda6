//! `DELETE /pro/api/sandbox/messages/{id}`

use mayfly_testkit::{Db, db_test};

use crate::support::World;

db_test!(delete_sandbox_message_removes_it_once);

async fn delete_sandbox_message_removes_it_once(db: Db) {
    let world = World::start(db).await;
    let (pro, other) = (world.register().await, world.register_as("bob@example.com").await);
    let id = world
        .submit(&pro, &["a@b.example"], "Subject: x\r\n\r\nx\r\n")
        .await;
    let path = format!("/pro/api/sandbox/messages/{id}");
    world.delete(&path, &other).await.expect_status(404);
    world.delete(&path, &pro).await.expect_status(204);
    world.delete(&path, &pro).await.expect_status(404);
}

#[tokio::test]
async fn delete_sandbox_message_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = "/pro/api/sandbox/messages/01a20846-fe00-7000-8000-000000000000";
    world.assert_pro_only("DELETE", path).await;
}
