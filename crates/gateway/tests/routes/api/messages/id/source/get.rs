//! `GET /api/messages/{id}/source`

use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{EXPIRED_ID, MAIL, UNKNOWN_ID, World};

db_test!(get_message_source_returns_received_bytes);

async fn get_message_source_returns_received_bytes(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let answer = world
        .get(&format!("/api/messages/{id}/source"), &mailbox.token)
        .await;
    let answer = answer.expect_status(200);
    assert_eq!(answer.header("content-type"), "message/rfc822");
    assert_eq!(
        answer.header("content-security-policy"),
        "sandbox; default-src 'none'"
    );
    assert_eq!(answer.header("content-length"), MAIL.len().to_string());
    assert_eq!(answer.body, MAIL);
}

#[tokio::test]
async fn get_message_source_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_mailbox_only("GET", "/api/messages/01a20846-fe00-7000-8000-000000000000/source")
        .await;
}

#[tokio::test]
async fn get_message_source_unknown_or_expired_id_is_an_error() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    for (id, status, error) in [
        (UNKNOWN_ID, 404, "not_found"),
        ("x", 404, "not_found"),
        (EXPIRED_ID, 410, "expired"),
    ] {
        let path = format!("/api/messages/{id}/source");
        let answer = world.call("GET", &path, &mailbox.token, Value::Null).await;
        assert_eq!(answer.expect_status(status).text("error"), error, "{id}");
    }
}
