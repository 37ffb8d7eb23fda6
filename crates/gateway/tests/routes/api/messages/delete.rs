//! `DELETE /api/messages`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::{MAIL, World};

db_test!(delete_by_query_deletes_what_search_finds);

async fn delete_by_query_deletes_what_search_finds(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    world.deliver(&mailbox, "Subject: kept\r\n\r\nHello\r\n").await;
    world.deliver(&mailbox, MAIL).await;
    let deleted = world.delete("/api/messages?q=subject:code", &mailbox.token).await;
    assert_json_snapshot!(deleted.snapshot(), @r#"
    {
      "body": {
        "deleted": 1,
        "more": false,
        "next": null
      },
      "status": 200
    }
    "#);
    let left = world.get("/api/messages", &mailbox.token).await.json();
    assert_eq!(left["messages"][0]["subject"], "kept");
    let deleted = world.delete("/api/messages?q=*", &mailbox.token).await.json();
    assert_eq!(deleted["deleted"], 1);
}

#[tokio::test]
async fn delete_by_query_not_understood_deletes_nothing() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world.deliver(&mailbox, MAIL).await;
    for query in ["", "?q=", "?q=before:nonsense", "?q=x&subject=y", "?q=(x)"] {
        let answer = world
            .delete(&format!("/api/messages{query}"), &mailbox.token)
            .await;
        assert_eq!(answer.status, 400, "{query}");
    }
    let left = world.get("/api/messages", &mailbox.token).await.json();
    assert_eq!(left["messages"].as_array().unwrap().len(), 1);
}

/// The mail arrives at noon UTC, which is two in the morning of the next day on Kiritimati.
#[tokio::test]
async fn delete_by_query_has_days_of_time_zone() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world.deliver(&mailbox, MAIL).await;
    let path = "/api/messages?q=before:2026-11-24&tz=";
    assert_eq!(
        world.delete(&format!("{path}Mars"), &mailbox.token).await.status,
        400
    );
    for (zone, deleted) in [("Pacific/Kiritimati", 0), ("UTC", 1)] {
        let answer = world.delete(&format!("{path}{zone}"), &mailbox.token).await;
        assert_eq!(answer.expect_status(200).json()["deleted"], deleted, "{zone}");
    }
}

#[tokio::test]
async fn delete_by_query_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_mailbox_only("DELETE", "/api/messages?q=*").await;
}
