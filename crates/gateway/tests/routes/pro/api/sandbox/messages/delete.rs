//! `DELETE /pro/api/sandbox/messages`

use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::World;

db_test!(delete_sandbox_messages_counts_them);

async fn delete_sandbox_messages_counts_them(db: Db) {
    let world = World::start(db).await;
    let (pro, other) = (world.register().await, world.register_as("bob@example.com").await);
    let path = "/pro/api/sandbox/messages";
    assert_eq!(
        world.delete(path, &pro).await.expect_status(200).json(),
        json!({"deleted": 0})
    );
    for user in [&pro, &pro, &other] {
        world
            .submit(user, &["a@foreign.example"], "Subject: x\r\n\r\nx\r\n")
            .await;
    }
    assert_eq!(world.delete(path, &pro).await.json(), json!({"deleted": 2}));
    assert_eq!(world.get(path, &pro).await.json()["messages"], json!([]));
    assert_eq!(world.get("/pro/api/sandbox", &pro).await.json()["used"], 0);
    assert_eq!(world.delete(path, &other).await.json(), json!({"deleted": 1}));
}

#[tokio::test]
async fn delete_sandbox_messages_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = "/pro/api/sandbox/messages";
    world.assert_pro_only("DELETE", path).await;
}
