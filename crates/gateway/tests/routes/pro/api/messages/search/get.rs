//! `GET /pro/api/messages/search`

use mayfly_testkit::{Db, db_test};

use crate::support::{MAIL, World};

db_test!(search_all_messages_spans_mailboxes_and_sandbox_of_user);

async fn search_all_messages_spans_mailboxes_and_sandbox_of_user(db: Db) {
    let world = World::start(db).await;
    let (ann, bob) = (world.register().await, world.register_as("bob@example.com").await);
    let own = world.create_mailbox_for("own@mayfly.test", &ann).await;
    let foreign = world.create_mailbox_for("foreign@mayfly.test", &bob).await;
    world.deliver(&foreign, MAIL).await;
    let stored = world.deliver(&own, MAIL).await;
    let captured = world.submit(&ann, &["any@foreign.example"], MAIL).await;
    let search = async |query: &str| {
        let path = format!("/pro/api/messages/search?q={query}");
        let page = world.get(&path, &ann).await.expect_status(200).json();
        let messages = page["messages"].as_array().unwrap().iter();
        let ids = messages.map(|message| message["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(search("482913").await, [captured.clone(), stored.clone()]);
    assert_eq!(search("in:own@mayfly.test").await, [stored]);
    assert_eq!(search("to:any@foreign.example").await, [captured]);
}

#[tokio::test]
async fn search_all_messages_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("GET", "/pro/api/messages/search?q=x").await;
}
