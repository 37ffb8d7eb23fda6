//! `POST /token`

use serde_json::json;

use crate::{
    hydra::{JSON, JSON_LD, assert_error},
    support::{PASSWORD, World},
};

#[tokio::test]
async fn create_token_is_plain_json_in_both_representations() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let answer = world
        .post(
            "/token",
            "garbage",
            json!({"address": "Ann@mayfly.test", "password": PASSWORD}),
        )
        .await;
    let answer = answer.expect_status(200);
    assert!(answer.header("content-type").starts_with(JSON));
    let (token, id) = (answer.text("token"), answer.text("id"));
    assert_eq!(answer.json(), json!({"token": token, "id": mailbox.id}));
    assert_eq!(id, mailbox.id);
    world.get("/api/me", &token).await.expect_status(200);
}

#[tokio::test]
async fn create_token_failure_says_what_clients_look_for() {
    let world = World::sqlite().await;
    world.create_mailbox().await;
    for (body, status, text) in [
        (
            json!({"address": "ann@mayfly.test", "password": "wrong one"}),
            401,
            "Invalid credentials.",
        ),
        (
            json!({"address": "none@mayfly.test", "password": PASSWORD}),
            401,
            "Invalid credentials.",
        ),
        (
            json!({"password": PASSWORD}),
            400,
            "The key \"address\" must be provided.",
        ),
        (
            json!({"address": "ann@mayfly.test"}),
            400,
            "The key \"password\" must be provided.",
        ),
        (
            json!({"address": 1, "password": PASSWORD}),
            400,
            "The key \"address\" must be provided.",
        ),
    ] {
        let answer = world
            .send_text("POST", "/token", "", JSON_LD, &body.to_string())
            .await;
        assert_error(&answer, status, text);
        let is_json = answer.header("content-type").starts_with(JSON);
        assert_eq!(is_json, status == 401);
    }
    let answer = world.send_text("POST", "/token", "", JSON, "{").await;
    assert_error(&answer, 400, "Syntax error");
    let answer = world.send_text("POST", "/token", "tm_pro_bad", JSON, "{}").await;
    assert_error(&answer, 401, "Invalid JWT Token");
}

#[tokio::test]
async fn create_token_after_many_failures_is_limited() {
    let world = World::sqlite().await;
    world.create_mailbox().await;
    let body = json!({"address": "ann@mayfly.test", "password": "wrong one"});
    // Both dialects count together.
    for path in ["/api/token", "/token"].into_iter().cycle().take(10) {
        world.post(path, "", body.clone()).await.expect_status(401);
    }
    let refused = world.post("/token", "", body).await;
    assert_error(&refused, 429, "Too Many Requests");
    assert!(refused.headers.contains_key("retry-after"));
}
