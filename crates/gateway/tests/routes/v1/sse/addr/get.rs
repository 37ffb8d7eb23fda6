//! `GET /v1/sse/addr`

use axum::{body::Body, http::Request};

use crate::support::{MAIL, World};

#[tokio::test]
async fn follow_inbox_replays_and_delivers_mail_without_an_event_name() {
    let world = World::open().await;
    let first = world.deliver_to("ann@open.test", MAIL).await;
    let second = world.deliver_to("ann@open.test", MAIL).await;
    let request = Request::get("/v1/sse/addr?address=Ann%40open.test")
        .header("host", "localhost")
        .header("last-event-id", &first);
    // The first has no data: it sets the cursor.
    let events = world.read_events(request.body(Body::empty()).unwrap(), 2).await;
    assert!(!events.contains("event:"), "{events}");
    assert!(events.contains(&format!("id: {second}")), "{events}");
    for part in [
        "\"type\":\"email.received\"",
        "\"address\":\"ann@open.test\"",
        "\"from_email\":\"shop@sender.example\"",
    ] {
        assert!(events.contains(part), "{events}");
    }
}

#[tokio::test]
async fn follow_inbox_takes_no_credential_in_the_query_but_anonymous_ones() {
    let world = World::open().await;
    let pro = world.register().await;
    world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let body = serde_json::json!({"name": "ci"});
    let token = world.post("/pro/api/tokens", &pro, body).await.text("token");
    for (query, status) in [
        ("", 400),
        ("address=x", 400),
        ("address=ann%40elsewhere.example", 404),
        ("address=ann%40mayfly.test", 404),
        ("address=ann%40open.test&token=garbage", 401),
        (&format!("address=ann%40mayfly.test&token={token}"), 401),
        (&format!("address=ann%40mayfly.test&token={pro}"), 401),
    ] {
        world
            .get_v1(&format!("/v1/sse/addr?{query}"), "")
            .await
            .expect_status(status);
    }
    let session = world
        .call_v1("POST", "/v1/sessions/anon", "", serde_json::Value::Null)
        .await;
    let uri = format!(
        "/v1/sse/addr?address=ann%40open.test&token={}",
        session.text("token")
    );
    let request = Request::get(uri).header("host", "localhost").body(Body::empty());
    world.read_events(request.unwrap(), 1).await;
}
