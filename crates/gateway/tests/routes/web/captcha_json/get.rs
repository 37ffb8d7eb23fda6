//! `GET /web/captcha.json`, and the solution in `POST /api/accounts`

use altcha::{Challenge, Payload, SolveChallengeOptions, solve_challenge};
use axum::{
    body::Body,
    http::{Request, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use mayfly_gateway::Captcha;
use mayfly_testkit::Db;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, World};

const PATH: &str = "/web/captcha.json";

async fn world() -> World {
    let config = mayfly_gateway::Config {
        captcha: Captcha::Altcha,
        ..mayfly_gateway::Config::default()
    };
    World::with(Db::Sqlite, config).await
}

/// Solves a new challenge, as a client does.
async fn solution(world: &World) -> String {
    let challenge = world.get(PATH, "").await.expect_status(200).json();
    let challenge: Challenge = serde_json::from_value(challenge).unwrap();
    let options = SolveChallengeOptions {
        timeout_ms: 0,
        ..SolveChallengeOptions::new(&challenge)
    };
    let solution = solve_challenge(options).unwrap().unwrap();
    STANDARD.encode(serde_json::to_vec(&Payload { challenge, solution }).unwrap())
}

async fn create(world: &World, address: &str, captcha: &str) -> Answer {
    let body = json!({"address": address, "password": PASSWORD});
    let mut request = Request::post("/api/accounts")
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json");
    if !captcha.is_empty() {
        request = request.header("x-captcha", captcha);
    }
    world
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

#[tokio::test]
async fn captcha_challenge_is_not_cached_and_differs() {
    let world = world().await;
    let first = world.get(PATH, "").await.expect_status(200);
    assert_eq!(first.header("cache-control"), "no-store");
    let challenge = first.json();
    assert_eq!(challenge["parameters"]["algorithm"], "SHA-256");
    assert_eq!(challenge["signature"].as_str().unwrap().len(), 64);
    assert_ne!(world.get(PATH, "").await.json(), challenge);
}

#[tokio::test]
async fn captcha_that_is_off_is_not_found() {
    let world = World::sqlite().await;
    let absent = world.get(PATH, "").await.expect_status(404);
    assert_eq!(absent.text("error"), "not_found");
    create(&world, "ann@mayfly.test", "ignored")
        .await
        .expect_status(201);
}

#[tokio::test]
async fn create_account_needs_an_unused_captcha_without_pro_token() {
    let world = world().await;
    let refused = create(&world, "ann@mayfly.test", "").await.expect_status(400);
    assert_eq!(refused.text("error"), "captcha_required");
    let refused = create(&world, "ann@mayfly.test", "nonsense")
        .await
        .expect_status(400);
    assert_eq!(refused.text("error"), "invalid_captcha");
    let solution = solution(&world).await;
    // What is refused before does not use it.
    create(&world, "no address", &solution).await.expect_status(400);
    create(&world, "ann@mayfly.test", &solution)
        .await
        .expect_status(201);
    let replayed = create(&world, "bob@mayfly.test", &solution)
        .await
        .expect_status(400);
    assert_eq!(replayed.text("error"), "invalid_captcha");

    let pro = world.register().await;
    let token = world
        .post("/pro/api/tokens", &pro, json!({"name": "ci"}))
        .await
        .text("token");
    world.create_mailbox_for("carol@mayfly.test", &token).await;
    world.create_mailbox_for("dave@mayfly.test", &pro).await;
}

/// Clients of mail.tm cannot solve it.
#[tokio::test]
async fn create_account_of_mailtm_without_captcha_is_refused() {
    let world = world().await;
    let body = json!({"address": "ann@mayfly.test", "password": PASSWORD});
    let refused = world.post("/accounts", "", body).await.expect_status(422);
    let violations = refused.json()["violations"].clone();
    assert_ne!(violations, Value::Null);
    assert_eq!(violations[0]["propertyPath"], "captcha");
}
