//! `GET /me`

use serde_json::json;

use crate::{
    hydra::{JSON, NOW, SHOP, node},
    support::World,
};

#[tokio::test]
async fn get_me_returns_quota_and_use() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world.deliver(&mailbox, SHOP).await;
    let expected = json!({"id": mailbox.id, "address": "ann@mayfly.test", "quota": 41_943_040, "used": SHOP.len(),
        "isDisabled": false, "isDeleted": false, "createdAt": NOW, "updatedAt": NOW});
    let plain = world.accept("GET", "/me", &mailbox.token, JSON).await;
    assert_eq!(plain.expect_status(200).json(), expected);
    let path = format!("/accounts/{}", mailbox.id);
    let answer = world.get("/me", &mailbox.token).await.expect_status(200);
    assert_eq!(answer.json(), node("Account", &path, expected, true));
    // Two slashes, and a request for the head alone.
    assert_eq!(world.get("//me", &mailbox.token).await.json(), answer.json());
    let head = world
        .accept("HEAD", "/me", &mailbox.token, JSON)
        .await
        .expect_status(200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-type"), plain_type());
    world.assert_jwt_only("GET", "/me").await;
}

fn plain_type() -> &'static str {
    "application/json; charset=utf-8"
}

#[tokio::test]
async fn preflight_allows_methods_and_headers_of_the_dialect() {
    let world = World::sqlite().await;
    let request = axum::http::Request::builder()
        .method("OPTIONS")
        .uri("/messages/x")
        .header("host", "localhost")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "PATCH");
    let answer = world
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await
        .expect_status(200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(answer.header("access-control-allow-methods").contains("PATCH"));
    for name in [
        "accept",
        "x-api-token",
        "x-client-id",
        "cache-control",
        "authorization",
        "last-event-id",
    ] {
        assert!(
            answer.header("access-control-allow-headers").contains(name),
            "{name}"
        );
    }
}
