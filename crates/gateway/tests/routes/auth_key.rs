//! The fields that `POST /api/accounts` and `POST /api/token` have for clients of mail.td.

use mayfly_runtime::config::List;
use mayfly_testkit::Db;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{PASSWORD, World};

/// Of the address `user@mayfly.test`: any 32 bytes serve.
const KEY: &str = "4810fb138b705e79ea030ad8106ffac5beb84f2eac2b947e561e4084b5cf55d0";

#[tokio::test]
async fn create_account_and_sign_in_with_auth_key_succeeds() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    for (address, token) in [("free@mayfly.test", ""), ("owned@mayfly.test", pro.as_str())] {
        let body = json!({"address": address, "auth_key": KEY.to_uppercase()});
        let created = world.post("/api/accounts", token, body).await.expect_status(201);
        assert_eq!(created.text("address"), address);
        assert_eq!(created.json()["suggested_next_difficulty"], Value::Null);
        let body = json!({"address": address, "auth_key": KEY});
        let signed_in = world.post("/api/token", "", body).await.expect_status(200);
        assert_eq!(signed_in.text("id"), created.text("id"));
        let wrong = json!({"address": address, "auth_key": "0".repeat(64)});
        let answer = world.post("/api/token", "", wrong).await.expect_status(401);
        assert_eq!(answer.text("error"), "invalid_credentials");
    }
}

#[tokio::test]
async fn create_account_with_both_secrets_takes_the_key() {
    let world = World::sqlite().await;
    let body = json!({"address": "ann@mayfly.test", "auth_key": KEY, "password": "short"});
    world.post("/api/accounts", "", body).await.expect_status(201);
    for (secret, status) in [
        (json!({"auth_key": KEY, "password": 5}), 400),
        (json!({"auth_key": KEY, "password": "x"}), 200),
        (json!({"password": "short"}), 401),
    ] {
        let mut body = json!({"address": "ann@mayfly.test"});
        body.as_object_mut()
            .unwrap()
            .extend(secret.as_object().unwrap().clone());
        world.post("/api/token", "", body).await.expect_status(status);
    }
}

#[tokio::test]
async fn create_account_with_invalid_key_is_rejected() {
    let world = World::sqlite().await;
    for key in [
        json!(""),
        json!("abc"),
        json!("x".repeat(64)),
        json!(5),
        json!(&KEY[..62]),
    ] {
        for path in ["/api/accounts", "/api/token"] {
            let body = json!({"address": "ann@mayfly.test", "password": PASSWORD, "auth_key": key});
            let answer = world.post(path, "", body).await.expect_status(400);
            assert_eq!(answer.text("error"), "invalid_auth_key");
        }
    }
    for path in ["/api/accounts", "/api/token"] {
        let body = json!({"address": "ann@mayfly.test", "auth_key": null});
        let answer = world.post(path, "", body).await.expect_status(400);
        assert_eq!(answer.text("message"), "password: is missing");
    }
}

#[tokio::test]
async fn auth_key_with_dialect_off_is_ignored() {
    let config = mayfly_gateway::Config {
        dialects: List::default(),
        ..mayfly_gateway::Config::default()
    };
    let world = World::with(Db::Sqlite, config).await;
    let body = json!({"address": "ann@mayfly.test", "password": PASSWORD, "auth_key": 5});
    world.post("/api/accounts", "", body).await.expect_status(201);
    let body = json!({"address": "bob@mayfly.test", "auth_key": KEY});
    let answer = world.post("/api/accounts", "", body).await.expect_status(400);
    assert_eq!(answer.text("message"), "password: is missing");
}

/// Searches a proof of work, as clients do. The clock of the tests stands still.
fn solve(address: &str, bits: u32) -> Value {
    let now = 1_795_435_200;
    let is_good = |nonce: &u32| {
        let digest = Sha256::digest(format!("{address}{now}{nonce}"));
        u32::from_be_bytes(digest[..4].try_into().unwrap()).leading_zeros() >= bits
    };
    let nonce = (0..).find(is_good).unwrap();
    json!({"t": now, "n": nonce.to_string(), "d": bits})
}

#[tokio::test]
async fn create_account_with_proof_suggests_the_next_difficulty() {
    let config = mayfly_gateway::Config {
        pow_bits: 8,
        ..mayfly_gateway::Config::default()
    };
    let world = World::with(Db::Sqlite, config).await;
    let pow = solve("ann@mayfly.test", 9);
    let body = json!({"address": "ann@mayfly.test", "auth_key": KEY, "pow": pow});
    let created = world
        .post("/api/accounts", "", body.clone())
        .await
        .expect_status(201);
    assert_eq!(created.json()["suggested_next_difficulty"], 8);
    // The same proof is worth one mailbox.
    world
        .delete("/api/me", &created.text("token"))
        .await
        .expect_status(204);
    let again = world.post("/api/accounts", "", body).await.expect_status(400);
    assert_eq!(again.text("error"), "invalid_pow");
    let stale = json!({"t": 1_795_435_200 - 301, "n": "1", "d": 0});
    for pow in [stale, json!({"t": 1_795_435_200, "n": "1", "d": 25})] {
        let body = json!({"address": "bob@mayfly.test", "auth_key": KEY, "pow": pow});
        let answer = world.post("/api/accounts", "", body).await.expect_status(400);
        assert_eq!(answer.text("error"), "invalid_pow");
    }
}
