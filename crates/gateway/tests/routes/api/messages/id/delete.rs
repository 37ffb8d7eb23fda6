//! `DELETE /api/messages/{id}`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{EXPIRED_ID, MAIL, UNKNOWN_ID, World};

db_test!(delete_message_removes_it_and_frees_quota);

async fn delete_message_removes_it_and_frees_quota(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = format!("/api/messages/{id}");
    assert_json_snapshot!(world.delete(&path, &mailbox.token).await.snapshot(), @r#"
    {
      "body": null,
      "status": 204
    }
    "#);
    world.get(&path, &mailbox.token).await.expect_status(404);
    let me = world.get("/api/me", &mailbox.token).await.json();
    assert_eq!(me["used"], 0);
}

#[tokio::test]
async fn delete_message_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_mailbox_only("DELETE", "/api/messages/01a20846-fe00-7000-8000-000000000000")
        .await;
}

#[tokio::test]
async fn delete_message_unknown_or_expired_id_is_an_error() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    for (id, status, error) in [
        (UNKNOWN_ID, 404, "not_found"),
        ("x", 404, "not_found"),
        (EXPIRED_ID, 410, "expired"),
    ] {
        let path = format!("/api/messages/{id}");
        let answer = world.call("DELETE", &path, &mailbox.token, Value::Null).await;
        assert_eq!(answer.expect_status(status).text("error"), error, "{id}");
    }
}
