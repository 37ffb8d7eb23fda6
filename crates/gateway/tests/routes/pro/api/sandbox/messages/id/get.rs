//! `GET /pro/api/sandbox/messages/{id}`

use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::{UNKNOWN_ID, World};

db_test!(get_sandbox_message_shows_recipients_and_bcc);

const MAIL: &str = "To: Ann <Ann@foreign.example>\r\nCc: bob@other.example\r\nSubject: x\r\n\r\nx\r\n";

async fn get_sandbox_message_shows_recipients_and_bcc(db: Db) {
    let world = World::start(db).await;
    let (pro, other) = (world.register().await, world.register_as("bob@example.com").await);
    let recipients = ["ann@foreign.example", "bob@other.example", "Hidden@third.example"];
    let id = world.submit(&pro, &recipients, MAIL).await;
    let path = format!("/pro/api/sandbox/messages/{id}");
    let shown = world.get(&path, &pro).await.expect_status(200).json();
    assert_eq!(shown["recipients"], json!(recipients));
    assert_eq!(shown["address"], recipients[0]);
    assert_eq!(shown["bcc"], json!(["Hidden@third.example"]));
    assert_eq!(shown["sender"], "app@sender.example");
    world.get(&path, &other).await.expect_status(404);
    let unknown = format!("/pro/api/sandbox/messages/{UNKNOWN_ID}");
    world.get(&unknown, &pro).await.expect_status(404);
    // Mail from outside has neither.
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let shown = world
        .get(&format!("/api/messages/{id}"), &mailbox.token)
        .await
        .json();
    assert_eq!((&shown["recipients"], &shown["bcc"]), (&json!(null), &json!([])));
}

#[tokio::test]
async fn get_sandbox_message_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = "/pro/api/sandbox/messages/01a20846-fe00-7000-8000-000000000000";
    world.assert_pro_only("GET", path).await;
}
