//! `POST /accounts`

use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::{
    hydra::{JSON, NOW, assert_error, assert_violation},
    support::{PASSWORD, World},
};

db_test!(create_account_returns_mailbox_without_token);

async fn create_account_returns_mailbox_without_token(db: Db) {
    let world = World::start(db).await;
    let body = json!({"address": " Ann@Mayfly.test ", "password": PASSWORD, "expiresIn": 0}).to_string();
    let answer = world
        .send_text("POST", "/accounts", " ", "application/ld+json", &body)
        .await;
    let created = answer.expect_status(201).json();
    let id = created["id"].as_str().unwrap();
    let expected = json!({"@context": "/contexts/Account", "@id": format!("/accounts/{id}"), "@type": "Account",
        "id": id, "address": "ann@mayfly.test", "quota": 41_943_040, "used": 0, "isDisabled": false, "isDeleted": false,
        "createdAt": NOW, "updatedAt": NOW});
    assert_eq!(created, expected);
    // The same mailbox in the bearer API.
    let signed_in = json!({"address": "ann@mayfly.test", "password": PASSWORD});
    assert_eq!(
        world
            .post("/api/token", "", signed_in)
            .await
            .expect_status(200)
            .text("id"),
        id
    );
}

#[tokio::test]
async fn create_account_invalid_field_is_a_violation() {
    let world = World::sqlite().await;
    world.create_mailbox_for("taken@mayfly.test", "").await;
    let long = "x".repeat(257);
    let short = "This value is too short. It should have 6 characters or more.";
    for (address, password, field, message) in [
        (
            "taken@mayfly.test",
            PASSWORD,
            "address",
            "This value is already used.",
        ),
        (
            "ann",
            PASSWORD,
            "address",
            "This value is not a valid email address.",
        ),
        (
            "a b@mayfly.test",
            PASSWORD,
            "address",
            "This value is not a valid email address.",
        ),
        (" ", PASSWORD, "address", "This value should not be blank."),
        (
            "ann@box.test",
            PASSWORD,
            "address",
            "The domain \"box.test\" is not valid.",
        ),
        ("ann@mayfly.test", "12345", "password", short),
        ("ann@mayfly.test", "", "password", short),
        (
            "ann@mayfly.test",
            &long,
            "password",
            "This value is too long. It should have 256 characters or less.",
        ),
    ] {
        let body = json!({"address": address, "password": password});
        let answer = world.post("/accounts", "", body).await;
        assert_violation(&answer, field, message);
        assert!(answer.header("content-type").starts_with("application/ld+json"));
    }
    let blank = world.post("/accounts", "", json!({"password": PASSWORD})).await;
    assert_violation(&blank, "address", "This value should not be blank.");
}

#[tokio::test]
async fn create_account_unreadable_body_is_a_syntax_error() {
    let world = World::sqlite().await;
    for (content_type, body, status, text) in [
        (JSON, "{", 400, "Syntax error"),
        (JSON, "[]", 400, "Syntax error"),
        ("", "", 400, "Syntax error"),
        ("text/plain", "{}", 400, "Content-Type must be application/json"),
        (JSON, &"x".repeat(1024 * 1024 + 1), 413, "Payload Too Large"),
    ] {
        let answer = world.send_text("POST", "/accounts", "", content_type, body).await;
        assert_error(&answer, status, text);
    }
}

#[tokio::test]
async fn create_account_with_pro_token_belongs_to_its_user() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let token = world
        .post("/pro/api/tokens", &pro, json!({"name": "t"}))
        .await
        .text("token");
    let body = json!({"address": "owned@mayfly.test", "password": PASSWORD});
    let id = world
        .post("/accounts", &token, body.clone())
        .await
        .expect_status(201)
        .text("id");
    let owned = world.get("/pro/api/accounts", &pro).await.json();
    assert_eq!(owned["accounts"][0]["id"], id);
    let bad = world.post("/accounts", "tm_pro_bad", body).await;
    assert_error(&bad, 401, "Invalid JWT Token");
}

#[tokio::test]
async fn create_account_with_pow_bits_needs_another_dialect() {
    let config = mayfly_gateway::Config {
        pow_bits: 8,
        ..Default::default()
    };
    let world = World::with(Db::Sqlite, config).await;
    let body = json!({"address": "ann@mayfly.test", "password": PASSWORD});
    let answer = world.post("/accounts", "", body).await;
    assert_violation(&answer, "pow", "A proof of work is required.");
}

#[tokio::test]
async fn create_account_wrong_method_names_the_others() {
    let world = World::sqlite().await;
    let answer = world.get("/accounts", "").await;
    assert_error(&answer, 405, "Method Not Allowed");
    assert_eq!(answer.header("allow"), "POST");
}
