//! `POST /v1/sessions/anon`

use serde_json::{Value, json};

use crate::support::World;

#[tokio::test]
async fn create_anonymous_session_gives_a_token_without_rights() {
    let world = World::open().await;
    let answer = world.call_v1("POST", "/v1/sessions/anon", "", Value::Null).await;
    let session = answer.expect_status(201);
    // A day behind the time of the tests.
    assert_eq!(session.json()["expires_at"], json!(1_795_521_600_000_i64));
    let token = session.text("token");
    assert!(token.starts_with("tm_anon_"));
    world.get_v1("/v1/config", &token).await.expect_status(200);
    world.assert_unauthorized_v1("GET", "/v1/me", &[&token]).await;
    world.assert_unauthorized("GET", "/api/me", &[&token]).await;
    let jwt = token.trim_start_matches("tm_anon_");
    world.assert_unauthorized("GET", "/api/me", &[jwt]).await;
}
