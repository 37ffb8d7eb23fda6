//! `POST /api/accounts`

use axum::{body::Body, http::Request};
use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test, eventually};
use serde_json::json;

use crate::support::{PASSWORD, World};

db_test!(
    create_account_returns_mailbox_and_token,
    create_account_taken_address_is_a_conflict,
    create_account_repeated_key_returns_first_answer
);

async fn create_account_returns_mailbox_and_token(db: Db) {
    let world = World::start(db).await;
    let body = json!({"address": " Ann@Mayfly.test ", "password": PASSWORD});
    let answer = world.post("/api/accounts", "", body).await;
    assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "body": {
        "address": "ann@mayfly.test",
        "id": "[id]",
        "token": "[token]"
      },
      "status": 201
    }
    "#);
    let me = world.get("/api/me", &answer.text("token")).await;
    assert_eq!(me.text("id"), answer.text("id"));
}

#[tokio::test]
async fn create_account_with_pro_token_belongs_to_user() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let listed = world.get("/pro/api/accounts", &pro).await.json();
    assert_eq!(listed["accounts"][0]["id"], mailbox.id);
}

async fn create_account_taken_address_is_a_conflict(db: Db) {
    let world = World::start(db).await;
    world.create_mailbox().await;
    let body = json!({"address": "ANN@mayfly.test", "password": PASSWORD});
    assert_json_snapshot!(world.post("/api/accounts", "", body).await.snapshot(), @r#"
    {
      "body": {
        "error": "address_taken",
        "message": "the address is taken"
      },
      "status": 409
    }
    "#);
}

/// An address whose sign-up failed is free at once, and so is one whose client disconnected.
#[tokio::test]
async fn create_account_after_failed_sign_up_succeeds() {
    let world = World::sqlite().await;
    let body = || json!({"address": "ann@mayfly.test", "password": PASSWORD});
    for _ in 0..10 {
        world.hashing.overload(1);
        world.post("/api/accounts", "", body()).await.expect_status(503);
    }
    world.hashing.hang(1);
    tokio::select! {
        answer = world.post("/api/accounts", "", body()) => panic!("{}: the hash does not hang", answer.status),
        () = eventually("the sign-up waits for its hash", async || world.hashing.hanging() == 0) => {}
    }
    let sign_up = async || world.post("/api/accounts", "", body()).await.status == 201;
    eventually("the address is free again", sign_up).await;
}

#[tokio::test]
async fn create_account_of_reserved_name_is_invalid() {
    let world = World::sqlite().await;
    let body = json!({"address": "Admin@mayfly.test", "password": PASSWORD});
    assert_json_snapshot!(world.post("/api/accounts", "", body).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_address",
        "message": "this name is reserved for the operator"
      },
      "status": 400
    }
    "#);
}

async fn create_account_repeated_key_returns_first_answer(db: Db) {
    let world = World::start(db).await;
    let pro = world.register().await;
    let created = async || {
        let body = json!({"address": "ann@mayfly.test", "password": PASSWORD});
        let request = Request::post("/api/accounts")
            .header("host", "localhost")
            .header("authorization", format!("Bearer {pro}"))
            .header("idempotency-key", "once")
            .header("content-type", "application/json");
        world
            .send(request.body(Body::from(body.to_string())).unwrap())
            .await
    };
    let first = created().await.expect_status(201);
    assert_eq!(created().await.expect_status(201).text("id"), first.text("id"));
}

#[tokio::test]
async fn create_account_with_mailbox_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let tokens = ["garbage", mailbox.token.as_str()];
    world.assert_unauthorized("POST", "/api/accounts", &tokens).await;
}

#[tokio::test]
async fn create_account_invalid_input_names_the_field() {
    let world = World::sqlite().await;
    for (address, password, error) in [
        ("a b@mayfly.test", PASSWORD, "invalid_address"),
        ("ann@elsewhere.example", PASSWORD, "invalid_domain"),
        ("ann@mayfly.test", "short", "password_too_short"),
        ("ann@mayfly.test", &"x".repeat(257), "password_too_long"),
    ] {
        let body = json!({"address": address, "password": password});
        let answer = world.post("/api/accounts", "", body).await.expect_status(400);
        assert_eq!(answer.text("error"), error);
    }
    assert_json_snapshot!(world.post("/api/accounts", "", json!({"address": "ann@mayfly.test"})).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_request",
        "message": "password: is missing"
      },
      "status": 400
    }
    "#);
}

/// Searches a proof of work, as clients do. The clock of the tests stands still.
fn solve(address: &str, bits: u32) -> serde_json::Value {
    use sha2::{Digest, Sha256};
    let now = 1_795_435_200;
    let is_good = |nonce: &u32| {
        let digest = Sha256::digest(format!("{address}{now}{nonce}"));
        u32::from_be_bytes(digest[..4].try_into().unwrap()).leading_zeros() >= bits
    };
    let nonce = (0..).find(is_good).unwrap();
    json!({"t": now, "n": nonce.to_string(), "d": bits})
}

#[tokio::test]
async fn create_account_with_pow_bits_needs_proof_of_work() {
    let config = mayfly_gateway::Config {
        pow_bits: 8,
        ..mayfly_gateway::Config::default()
    };
    let world = World::with(Db::Sqlite, config).await;
    let body =
        |pow: serde_json::Value| json!({"address": " Ann@Mayfly.test ", "password": PASSWORD, "pow": pow});
    let create = async |pow| world.post("/api/accounts", "", body(pow)).await;
    assert_json_snapshot!(create(json!(null)).await.snapshot(), @r#"
    {
      "body": {
        "error": "pow_required",
        "message": "pow: a proof of work of 8 bits is needed"
      },
      "status": 400
    }
    "#);
    let easy = create(solve("ann@mayfly.test", 0)).await;
    assert_json_snapshot!(easy.snapshot(), @r#"
    {
      "body": {
        "required_difficulty": 8,
        "status": "retry",
        "token": "[token]"
      },
      "status": 200
    }
    "#);
    for invalid in [json!("x"), json!({}), solve("bob@mayfly.test", 12)] {
        let answer = create(invalid).await.expect_status(400);
        assert_eq!(answer.text("error"), "invalid_pow");
    }
    create(solve("ann@mayfly.test", 8)).await.expect_status(201);
    let pro = world.register().await;
    world.create_mailbox_for("bob@mayfly.test", &pro).await;
}

#[tokio::test]
async fn create_account_without_pow_bits_ignores_proof() {
    let world = World::sqlite().await;
    for (n, pow) in [json!("x"), json!({"d": 99}), json!(null)]
        .into_iter()
        .enumerate()
    {
        let body = json!({"address": format!("ann{n}@mayfly.test"), "password": PASSWORD, "pow": pow});
        world.post("/api/accounts", "", body).await.expect_status(201);
    }
}
