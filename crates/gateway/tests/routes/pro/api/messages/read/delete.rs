//! `DELETE /pro/api/messages/read`

use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{MAIL, World};

db_test!(mark_all_unread_by_query_marks_own_messages_only);

async fn mark_all_unread_by_query_marks_own_messages_only(db: Db) {
    let world = World::start(db).await;
    let (ann, bob) = (world.register().await, world.register_as("bob@example.com").await);
    let own = world.create_mailbox_for("own@mayfly.test", &ann).await;
    let foreign = world.create_mailbox_for("foreign@mayfly.test", &bob).await;
    for (mailbox, user) in [(&own, &ann), (&foreign, &bob)] {
        world.deliver(mailbox, MAIL).await;
        world.put("/pro/api/messages/read?q=*", user, Value::Null).await;
    }
    let marked = world.delete("/pro/api/messages/read?q=*", &ann).await;
    assert_eq!(marked.expect_status(200).json()["marked"], 1);
    for (mailbox, is_read) in [(own, false), (foreign, true)] {
        let listed = world.get("/api/messages", &mailbox.token).await.json();
        assert_eq!(listed["messages"][0]["is_read"], is_read);
    }
}

#[tokio::test]
async fn mark_all_unread_by_query_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_pro_only("DELETE", "/pro/api/messages/read?q=*")
        .await;
}
