//! `GET /api/messages/{id}/body`

use serde_json::{Value, json};

use crate::support::{EXPIRED_ID, MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn get_message_body_returns_sanitised_document() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let answer = world
        .get(&format!("/api/messages/{id}/body"), &mailbox.token)
        .await;
    let answer = answer.expect_status(200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let document = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(document.contains("<b>482913</b>"), "{document}");
    assert!(!document.contains("alert"), "{document}");
}

#[tokio::test]
async fn get_message_body_with_ticket_works_once() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let body = json!({"for": "message", "id": id});
    let ticket = world
        .post("/api/tickets", &mailbox.token, body)
        .await
        .text("ticket");
    let path = format!("/api/messages/{id}/body?ticket={ticket}");
    world.get(&path, "").await.expect_status(200);
    world.get(&path, "").await.expect_status(401);
}

#[tokio::test]
async fn get_message_body_with_pro_token_shows_own_mailbox() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let path = format!("/api/messages/{}/body", world.deliver(&mailbox, MAIL).await);
    world.get(&path, &pro).await.expect_status(200);
    let other = world.register_as("bob@example.com").await;
    world.get(&path, &other).await.expect_status(404);
}

#[tokio::test]
async fn get_message_body_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_unauthorized(
            "GET",
            "/api/messages/01a20846-fe00-7000-8000-000000000000/body",
            &["", "garbage"],
        )
        .await;
}

#[tokio::test]
async fn get_message_body_unknown_or_expired_id_is_an_error() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    for (id, status, error) in [
        (UNKNOWN_ID, 404, "not_found"),
        ("x", 404, "not_found"),
        (EXPIRED_ID, 410, "expired"),
    ] {
        let path = format!("/api/messages/{id}/body");
        let answer = world.call("GET", &path, &mailbox.token, Value::Null).await;
        assert_eq!(answer.expect_status(status).text("error"), error, "{id}");
    }
}
