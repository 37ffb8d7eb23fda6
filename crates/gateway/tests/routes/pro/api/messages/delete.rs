//! `DELETE /pro/api/messages`

use mayfly_testkit::{Db, db_test};

use crate::support::{MAIL, World};

db_test!(delete_all_by_query_deletes_own_messages_only);

async fn delete_all_by_query_deletes_own_messages_only(db: Db) {
    let world = World::start(db).await;
    let (ann, bob) = (world.register().await, world.register_as("bob@example.com").await);
    let own = world.create_mailbox_for("own@mayfly.test", &ann).await;
    let foreign = world.create_mailbox_for("foreign@mayfly.test", &bob).await;
    world.deliver(&own, MAIL).await;
    world.deliver(&foreign, MAIL).await;
    let deleted = world
        .delete("/pro/api/messages?q=*", &ann)
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&deleted["deleted"], &deleted["more"]),
        (&1.into(), &false.into())
    );
    for (mailbox, left) in [(own, 0), (foreign, 1)] {
        let messages = world.get("/api/messages", &mailbox.token).await.json();
        assert_eq!(messages["messages"].as_array().unwrap().len(), left);
    }
}

#[tokio::test]
async fn delete_all_by_query_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("DELETE", "/pro/api/messages?q=*").await;
}
