//! `PUT /api/accounts/{account}/reset-password`

use serde_json::json;

use crate::support::{PASSWORD, World};

/// A key as clients derive it: 32 bytes.
const KEY: &str = "4810FB138b705e79ea030ad8106ffac5beb84f2eac2b947e561e4084b5cf55d0";

#[tokio::test]
async fn reset_password_ends_older_tokens_and_replaces_both_secrets() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let path = "/api/accounts/ann@mayfly.test/reset-password";
    let answer = world.put(path, &mailbox.token, json!({"auth_key": KEY})).await;
    assert_eq!(
        answer.expect_status(200).json(),
        json!({"message": "password_reset"})
    );
    let dead = world
        .get(&format!("/api/accounts/{}", mailbox.id), &mailbox.token)
        .await;
    assert_eq!(dead.expect_status(401).text("error"), "invalid_or_expired_token");
    let sign_in = async |secret: serde_json::Value| {
        let mut body = json!({"address": "ann@mayfly.test"});
        body.as_object_mut()
            .unwrap()
            .extend(secret.as_object().unwrap().clone());
        world.post("/api/token", "", body).await.status
    };
    assert_eq!(sign_in(json!({"password": PASSWORD})).await, 401);
    assert_eq!(sign_in(json!({"auth_key": KEY.to_lowercase()})).await, 200);
    world
        .put(path, &pro, json!({"password": "battery staple"}))
        .await
        .expect_status(200);
    assert_eq!(sign_in(json!({"auth_key": KEY})).await, 401);
    assert_eq!(sign_in(json!({"password": "battery staple"})).await, 200);
}

#[tokio::test]
async fn reset_password_invalid_secret_names_the_field() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/api/accounts/{}/reset-password", mailbox.id);
    for (body, code) in [
        (json!({"password": "short"}), "password_too_short"),
        (json!({"password": "x".repeat(257)}), "password_too_long"),
        (json!({"auth_key": "abc"}), "invalid_auth_key"),
        (
            json!({"auth_key": 5, "password": "battery staple"}),
            "invalid_auth_key",
        ),
        (json!({}), "invalid_request"),
    ] {
        let answer = world.put(&path, &mailbox.token, body).await.expect_status(400);
        assert_eq!(answer.text("error"), code);
    }
}

#[tokio::test]
async fn reset_password_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/api/accounts/{}/reset-password", mailbox.id);
    world.assert_unauthorized_td("PUT", &path, &[]).await;
}
