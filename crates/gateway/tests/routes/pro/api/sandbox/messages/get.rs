//! `GET /pro/api/sandbox/messages`

use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::World;

db_test!(list_sandbox_messages_is_newest_first);

async fn list_sandbox_messages_is_newest_first(db: Db) {
    let world = World::start(db).await;
    let (pro, other) = (world.register().await, world.register_as("bob@example.com").await);
    let path = "/pro/api/sandbox/messages";
    let empty = json!({"messages": [], "page": 1});
    assert_eq!(world.get(path, &pro).await.expect_status(200).json(), empty);
    for subject in ["one", "two"] {
        let raw = format!("Subject: {subject}\r\n\r\nx\r\n");
        world
            .submit(&pro, &["a@foreign.example", "b@foreign.example"], &raw)
            .await;
    }
    let listed = world.get(path, &pro).await.json();
    let subjects: Vec<_> = listed["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["subject"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(subjects, ["two", "one"]);
    assert_eq!(
        world.get(&format!("{path}?page=2"), &pro).await.json()["messages"],
        json!([])
    );
    assert_eq!(world.get(path, &other).await.json(), empty);
}

#[tokio::test]
async fn list_sandbox_messages_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = "/pro/api/sandbox/messages";
    world.assert_pro_only("GET", path).await;
}
