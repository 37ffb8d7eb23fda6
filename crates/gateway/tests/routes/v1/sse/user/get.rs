//! `GET /v1/sse/user`

use axum::{body::Body, http::Request};
use serde_json::json;

use crate::support::{EXPIRED_ID, MAIL, World};

#[tokio::test]
async fn follow_user_by_token_or_ticket_delivers_mail_of_all_mailboxes() {
    let world = World::open().await;
    let pro = world.register().await;
    let own = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let id = world.deliver(&own, MAIL).await;
    let ticket = world
        .post("/api/tickets", &pro, json!({"for": "events"}))
        .await
        .text("ticket");
    for (uri, token) in [
        ("/v1/sse/user".to_owned(), pro.as_str()),
        (format!("/v1/sse/user?token={ticket}"), ""),
    ] {
        let mut request = Request::get(uri)
            .header("host", "localhost")
            .header("last-event-id", EXPIRED_ID);
        if !token.is_empty() {
            request = request.header("x-api-token", token);
        }
        let events = world.read_events(request.body(Body::empty()).unwrap(), 2).await;
        assert!(events.contains(&format!("id: {id}")), "{events}");
        assert!(events.contains("\"address\":\"ann@mayfly.test\""), "{events}");
    }
    let path = format!("/v1/sse/user?token={ticket}");
    world.get_v1(&path, "").await.expect_status(401);
}

#[tokio::test]
async fn follow_user_without_pro_user_is_unauthorized() {
    let world = World::open().await;
    let pro = world.register().await;
    let session = world
        .call_v1("POST", "/v1/sessions/anon", "", serde_json::Value::Null)
        .await;
    let anonymous = session.text("token");
    world
        .assert_unauthorized_v1("GET", "/v1/sse/user", &["", "garbage", &anonymous])
        .await;
    for token in [&pro, &anonymous] {
        let path = format!("/v1/sse/user?token={token}");
        world.get_v1(&path, "").await.expect_status(401);
    }
}
