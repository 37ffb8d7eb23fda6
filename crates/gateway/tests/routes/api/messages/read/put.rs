//! `PUT /api/messages/read`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::Value;

use crate::support::{MAIL, World};

db_test!(mark_read_by_query_marks_what_search_finds);

async fn mark_read_by_query_marks_what_search_finds(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    world.deliver(&mailbox, "Subject: other\r\n\r\nHello\r\n").await;
    world.deliver(&mailbox, MAIL).await;
    let path = "/api/messages/read?q=subject:code";
    let marked = world.put(path, &mailbox.token, Value::Null).await;
    assert_json_snapshot!(marked.snapshot(), @r#"
    {
      "body": {
        "marked": 1,
        "more": false,
        "next": null
      },
      "status": 200
    }
    "#);
    let listed = world.get("/api/messages", &mailbox.token).await.json();
    let marks = |at: usize| {
        (
            listed["messages"][at]["subject"].clone(),
            listed["messages"][at]["is_read"].clone(),
        )
    };
    assert_eq!(marks(0), ("Your code".into(), true.into()));
    assert_eq!(marks(1), ("other".into(), false.into()));
    let again = world.put(path, &mailbox.token, Value::Null).await.json();
    assert_eq!(again["marked"], 0);
}

#[tokio::test]
async fn mark_read_by_query_not_understood_marks_nothing() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world.deliver(&mailbox, MAIL).await;
    for query in ["", "?q=", "?q=before:nonsense", "?q=x&subject=y"] {
        let answer = world
            .put(&format!("/api/messages/read{query}"), &mailbox.token, Value::Null)
            .await;
        assert_eq!(answer.status, 400, "{query}");
    }
    let listed = world.get("/api/messages", &mailbox.token).await.json();
    assert_eq!(listed["messages"][0]["is_read"], false);
}

#[tokio::test]
async fn mark_read_by_query_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_mailbox_only("PUT", "/api/messages/read?q=*").await;
}
