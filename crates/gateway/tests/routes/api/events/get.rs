//! `GET /api/events`

use axum::{body::Body, http::Request};
use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::{EXPIRED_ID, MAIL, World};

db_test!(follow_messages_replays_messages_after_last_event_id);

async fn follow_messages_replays_messages_after_last_event_id(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let request = Request::get("/api/events")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {}", mailbox.token))
        .header("last-event-id", EXPIRED_ID);
    let text = world.read_events(request.body(Body::empty()).unwrap(), 2).await;
    assert!(text.contains(&format!("id: {EXPIRED_ID}\n")), "{text}");
    assert!(text.contains("event: new_email\n"), "{text}");
    assert!(text.contains(&format!("id: {id}\n")), "{text}");
}

#[tokio::test]
async fn follow_messages_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_mailbox_only("GET", "/api/events").await;
}

#[tokio::test]
async fn follow_messages_invalid_last_event_id_is_rejected() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let request = Request::get("/api/events")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {}", mailbox.token))
        .header("last-event-id", "x");
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_request",
        "message": "Last-Event-ID: is no id of a message"
      },
      "status": 400
    }
    "#);
}

#[tokio::test]
async fn follow_messages_with_query_leaves_others_out() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let other = world.deliver(&mailbox, "Subject: other\r\n\r\nHello\r\n").await;
    let id = world.deliver(&mailbox, MAIL).await;
    // At noon UTC it is the next day on Kiritimati.
    let request = |query: &str| {
        Request::get(format!("/api/events?q={query}"))
            .header("host", "localhost")
            .header("authorization", format!("Bearer {}", mailbox.token))
            .header("last-event-id", EXPIRED_ID)
            .body(Body::empty())
            .unwrap()
    };
    let text = world.read_events(request("body:482913"), 2).await;
    assert!(text.contains(&id) && !text.contains(&other), "{text}");
    let zoned = "body:482913+after:2026-11-24&tz=";
    let text = world
        .read_events(request(&format!("{zoned}Pacific/Kiritimati")), 2)
        .await;
    assert!(text.contains(&id) && !text.contains(&other), "{text}");
    assert_eq!(world.send(request(&format!("{zoned}Mars"))).await.status, 400);
    assert_eq!(world.send(request("colour:red")).await.status, 400);
}
