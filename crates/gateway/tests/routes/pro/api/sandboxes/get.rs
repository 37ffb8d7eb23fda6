//! `GET /pro/api/sandboxes`

use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::World;

db_test!(list_sandboxes_shows_no_passwords);

async fn list_sandboxes_shows_no_passwords(db: Db) {
    let world = World::start(db).await;
    let (pro, other) = (world.register().await, world.register_as("bob@example.com").await);
    let path = "/pro/api/sandboxes";
    assert_eq!(world.get(path, &pro).await.json(), json!({"sandboxes": []}));
    let mut created = world.create_sandbox(&pro).await.json();
    for secret in ["password", "url"] {
        created.as_object_mut().unwrap().remove(secret);
    }
    world.create_sandbox(&other).await;
    assert_eq!(
        world.get(path, &pro).await.json(),
        json!({"sandboxes": [created]})
    );
    world
        .submit(&pro, &["a@b.example"], "Subject: x\r\n\r\nx\r\n")
        .await;
    let listed = world.get(path, &pro).await.json();
    let listed = listed["sandboxes"].as_array().unwrap();
    let defaults = listed.iter().filter(|sandbox| sandbox["is_default"] == true);
    assert_eq!((listed.len(), defaults.count()), (2, 1));
}

#[tokio::test]
async fn list_sandboxes_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = "/pro/api/sandboxes";
    world.assert_pro_only("GET", path).await;
}
