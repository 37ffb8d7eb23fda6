//! `POST /v1/inbox`

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::support::World;

#[tokio::test]
async fn create_inbox_names_an_address() {
    let world = World::open().await;
    for body in [Value::Null, json!({}), json!({"domain": "Open.test", "more": 1})] {
        let answer = world
            .call_v1("POST", "/v1/inbox", "", body)
            .await
            .expect_status(201);
        let (local_part, domain) = answer
            .text("address")
            .split_once('@')
            .map(|(l, d)| (l.to_owned(), d.to_owned()))
            .unwrap();
        assert!((2..=20).contains(&local_part.len()) && domain == "open.test");
        assert_eq!(answer.json()["expires_at"], json!(1_795_438_800_000_i64));
    }
    let body = json!({"local_part": "Ann.B", "domain": "open.test"});
    let answer = world
        .call_v1("POST", "/v1/inbox", "", body)
        .await
        .expect_status(201);
    assert_eq!(answer.text("address"), "ann.b@open.test");
}

#[tokio::test]
async fn create_inbox_invalid_name_or_domain_is_rejected() {
    let world = World::open().await;
    for (body, code) in [
        (json!({"local_part": "a b"}), "invalid_address"),
        (json!({"local_part": ""}), "invalid_address"),
        (json!({"local_part": "x".repeat(65)}), "invalid_address"),
        (json!({"local_part": "Admin"}), "invalid_address"),
        (json!({"local_part": "root+x"}), "invalid_address"),
        (json!({"domain": "mayfly.test"}), "invalid_domain"),
        (json!({"domain": "elsewhere.example"}), "invalid_domain"),
        (json!({"local_part": 5}), "invalid_request"),
    ] {
        let answer = world
            .call_v1("POST", "/v1/inbox", "", body)
            .await
            .expect_status(400);
        assert_eq!(answer.text("error"), code);
    }
    world
        .assert_unauthorized_v1("POST", "/v1/inbox", &["garbage"])
        .await;
}

/// A page of another site can send a form without asking.
#[tokio::test]
async fn create_inbox_from_a_form_is_rejected() {
    let world = World::open().await;
    let request = Request::post("/v1/inbox")
        .header("host", "localhost")
        .header("content-type", "text/plain")
        .body(Body::from("{}"));
    world.send(request.unwrap()).await.expect_status(400);
}
