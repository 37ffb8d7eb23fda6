//! `DELETE /api/messages/{id}/read`

use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{EXPIRED_ID, MAIL, UNKNOWN_ID, World};

db_test!(mark_message_unread_is_idempotent);

async fn mark_message_unread_is_idempotent(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = format!("/api/messages/{id}/read");
    let answer = world.put(&path, &mailbox.token, Value::Null).await;
    answer.expect_status(204);
    for _ in 0..2 {
        world.delete(&path, &mailbox.token).await.expect_status(204);
        let message = world.get(&format!("/api/messages/{id}"), &mailbox.token).await;
        assert_eq!(message.json()["is_read"], false);
    }
}

#[tokio::test]
async fn mark_message_unread_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_mailbox_only(
            "DELETE",
            "/api/messages/01a20846-fe00-7000-8000-000000000000/read",
        )
        .await;
}

#[tokio::test]
async fn mark_message_unread_unknown_or_expired_id_is_an_error() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    for (id, status, error) in [(UNKNOWN_ID, 404, "not_found"), (EXPIRED_ID, 410, "expired")] {
        let path = format!("/api/messages/{id}/read");
        let answer = world.delete(&path, &mailbox.token).await;
        assert_eq!(answer.expect_status(status).text("error"), error, "{id}");
    }
}
