//! `POST /pro/api/tokens/{id}/rotate`

use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};
use time::Duration;

use crate::support::{UNKNOWN_ID, World};

db_test!(rotate_token_ends_the_old_one_after_the_overlap);

async fn id_of(world: &World, token: &str) -> String {
    let current = world.get("/pro/api/tokens/current", token).await;
    current.expect_status(200).text("id")
}

async fn rotate_token_ends_the_old_one_after_the_overlap(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let wanted = json!({"name": "ci", "scopes": ["accounts:read"], "expires_at": "2026-12-03T12:00:00Z"});
    let old = world.create_token(&pro, wanted).await;
    let path = format!("/pro/api/tokens/{}/rotate", id_of(&world, &old).await);
    world.clock.advance(Duration::days(5));
    let rotated = world
        .post(&path, &pro, json!({"overlap": "1h"}))
        .await
        .expect_status(201);
    let new = rotated.text("token");
    let body = rotated.json();
    assert_eq!(
        (&body["name"], &body["scopes"]),
        (&json!("ci"), &json!(["accounts:read"]))
    );
    assert_eq!(
        body["expires_at"], "2026-12-08T12:00:00Z",
        "ten days, as the old one had"
    );
    for token in [&old, &new] {
        world.get("/pro/api/accounts", token).await.expect_status(200);
    }
    world.clock.advance(Duration::hours(1));
    let refused = world.get("/pro/api/accounts", &old).await.expect_status(401);
    assert_eq!(refused.text("message"), "the token has expired");
    world.get("/pro/api/accounts", &new).await.expect_status(200);
}

#[tokio::test]
async fn rotate_token_without_overlap_revokes_the_old_one() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let old = world.create_token(&pro, json!({"name": "ci"})).await;
    let path = format!("/pro/api/tokens/{}/rotate", id_of(&world, &old).await);
    let rotated = world.post(&path, &pro, Value::Null).await.expect_status(201);
    world.get("/pro/api/me", &old).await.expect_status(401);
    world
        .get("/pro/api/me", &rotated.text("token"))
        .await
        .expect_status(200);
    world.post(&path, &pro, Value::Null).await.expect_status(404);
}

#[tokio::test]
async fn rotate_token_at_the_limit_of_tokens_succeeds() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mut token = String::new();
    for _ in 0..20 {
        token = world.create_token(&pro, json!({"name": "ci"})).await;
    }
    let path = format!("/pro/api/tokens/{}/rotate", id_of(&world, &token).await);
    world.post(&path, &pro, Value::Null).await.expect_status(201);
    let full = world.post("/pro/api/tokens", &pro, json!({"name": "ci"})).await;
    assert_eq!(full.expect_status(403).text("error"), "token_limit_reached");
}

#[tokio::test]
async fn rotate_token_invalid_request_is_rejected() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let token = world.create_token(&pro, json!({"name": "ci"})).await;
    let path = format!("/pro/api/tokens/{}/rotate", id_of(&world, &token).await);
    for body in [
        json!({"overlap": "soon"}),
        json!({"overlap": "367d"}),
        json!({"overlap": 5}),
        json!({"expires_at": "2020-01-01T00:00:00Z"}),
    ] {
        let answer = world.post(&path, &pro, body.clone()).await;
        assert_eq!(
            answer.expect_status(400).text("error"),
            "invalid_request",
            "{body}"
        );
    }
    let unknown = format!("/pro/api/tokens/{UNKNOWN_ID}/rotate");
    world.post(&unknown, &pro, Value::Null).await.expect_status(404);
    let other = world.register_as("other@example.com").await;
    world.post(&path, &other, Value::Null).await.expect_status(404);
    world.get("/pro/api/me", &token).await.expect_status(200);
}

#[tokio::test]
async fn rotate_token_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    let path = format!("/pro/api/tokens/{UNKNOWN_ID}/rotate");
    world.assert_pro_only("POST", &path).await;
}
