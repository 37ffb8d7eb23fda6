//! `GET /api/messages/{id}/attachments/{index}`

use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{EXPIRED_ID, MAIL, UNKNOWN_ID, World};

db_test!(get_attachment_returns_decoded_bytes);

async fn get_attachment_returns_decoded_bytes(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = format!("/api/messages/{id}/attachments/0");
    let answer = world.get(&path, &mailbox.token).await.expect_status(200);
    assert_eq!(answer.header("content-type"), "text/csv");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"bill.csv\"; filename*=UTF-8''bill.csv"
    );
    assert_eq!(answer.body, "total,12\n");
}

#[tokio::test]
async fn get_attachment_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_mailbox_only(
            "GET",
            "/api/messages/01a20846-fe00-7000-8000-000000000000/attachments/0",
        )
        .await;
}

#[tokio::test]
async fn get_attachment_invalid_index_is_rejected() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    for index in ["9", "x", "-1"] {
        let path = format!("/api/messages/{id}/attachments/{index}");
        let answer = world.get(&path, &mailbox.token).await.expect_status(400);
        assert_eq!(answer.text("error"), "invalid_index", "{index}");
    }
}

#[tokio::test]
async fn get_attachment_unknown_or_expired_id_is_an_error() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    for (id, status, error) in [
        (UNKNOWN_ID, 404, "not_found"),
        ("x", 404, "not_found"),
        (EXPIRED_ID, 410, "expired"),
    ] {
        let path = format!("/api/messages/{id}/attachments/0");
        let answer = world.call("GET", &path, &mailbox.token, Value::Null).await;
        assert_eq!(answer.expect_status(status).text("error"), error, "{id}");
    }
}
