//! `GET /pro/api/events`

use axum::{body::Body, http::Request};
use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::{EXPIRED_ID, MAIL, World};

db_test!(follow_all_messages_replays_messages_after_last_event_id);

async fn follow_all_messages_replays_messages_after_last_event_id(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&mailbox, MAIL).await;
    let request = Request::get("/pro/api/events")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {pro}"))
        .header("last-event-id", EXPIRED_ID);
    let text = world.read_events(request.body(Body::empty()).unwrap(), 2).await;
    assert!(text.contains(&format!("id: {EXPIRED_ID}\n")), "{text}");
    assert!(text.contains("event: new_email\n"), "{text}");
    assert!(text.contains(&format!("id: {id}\n")), "{text}");
}

#[tokio::test]
async fn follow_all_messages_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_pro_only("GET", "/pro/api/events").await;
}

#[tokio::test]
async fn follow_all_messages_invalid_last_event_id_is_rejected() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let request = Request::get("/pro/api/events")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {pro}"))
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
