//! `PATCH /messages/{id}`

use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::{
    hydra::{JSON, assert_error},
    support::{MAIL, UNKNOWN_ID, World},
};

db_test!(mark_message_sets_and_removes_the_mark);

async fn mark_message_sets_and_removes_the_mark(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = format!("/messages/{id}");
    for (content_type, body, seen) in [
        ("application/merge-patch+json", r#"{"seen":true}"#, true),
        ("application/ld+json", r#"{"seen":false}"#, false),
        ("", "", true),
        (JSON, r#"{"seen":false}"#, false),
        (JSON, r#"{"flagged":true}"#, true),
        (JSON, "{}", true),
    ] {
        let answer = world
            .send_text("PATCH", &path, &mailbox.token, content_type, body)
            .await;
        assert_eq!(answer.expect_status(200).json()["seen"], seen, "{body}");
        let listed = world
            .accept("GET", "/messages", &mailbox.token, JSON)
            .await
            .json();
        assert_eq!(listed[0]["seen"], seen, "{body}");
        let message = world
            .get(&format!("/api/messages/{id}"), &mailbox.token)
            .await
            .json();
        assert_eq!(message["is_read"], seen, "{body}");
    }
}

#[tokio::test]
async fn mark_message_invalid_body_changes_nothing() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/messages/{}", world.deliver(&mailbox, MAIL).await);
    for (body, text) in [
        (
            r#"{"seen":"yes"}"#,
            "The type of the \"seen\" attribute must be \"bool\".",
        ),
        (
            r#"{"seen":null}"#,
            "The type of the \"seen\" attribute must be \"bool\".",
        ),
        ("{", "Syntax error"),
        ("true", "Syntax error"),
    ] {
        let answer = world.send_text("PATCH", &path, &mailbox.token, JSON, body).await;
        assert_error(&answer, 400, text);
    }
    assert_eq!(world.get(&path, &mailbox.token).await.json()["seen"], false);
    let missing = world
        .call(
            "PATCH",
            &format!("/messages/{UNKNOWN_ID}"),
            &mailbox.token,
            json!({}),
        )
        .await;
    assert_error(&missing, 404, "Not Found");
    world.assert_jwt_only("PATCH", &path).await;
    let wrong = world.call("PUT", &path, &mailbox.token, Value::Null).await;
    assert_error(&wrong, 405, "Method Not Allowed");
    for method in ["DELETE", "GET", "PATCH"] {
        assert!(wrong.header("allow").contains(method));
    }
}
