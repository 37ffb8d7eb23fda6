//! `DELETE /api/messages/read`

use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{MAIL, World};

db_test!(mark_unread_by_query_keeps_every_message);

async fn mark_unread_by_query_keeps_every_message(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    for _ in 0..2 {
        let id = world.deliver(&mailbox, MAIL).await;
        let path = format!("/api/messages/{id}/read");
        world
            .put(&path, &mailbox.token, Value::Null)
            .await
            .expect_status(204);
    }
    world.deliver(&mailbox, MAIL).await;
    let marked = world.delete("/api/messages/read?q=is:read", &mailbox.token).await;
    assert_eq!(marked.expect_status(200).json()["marked"], 2);
    let listed = world.get("/api/messages", &mailbox.token).await.json();
    let listed = listed["messages"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|message| message["is_read"] == false));
}

#[tokio::test]
async fn mark_unread_by_query_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_mailbox_only("DELETE", "/api/messages/read?q=*")
        .await;
}
