//! Which JWTs are refused: forged ones, and ones with invalid claims that our own key signed.

use mayfly_testkit::{Db, db_test};
use std::{io::ErrorKind, net::TcpListener};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, EncodingKey};
use mayfly_types::SecretKey;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{World, token_refused};

db_test!(
    issue_jwt_has_documented_header_and_claims,
    validate_jwt_foreign_header_or_signature_is_refused,
    validate_jwt_signed_foreign_claims_are_refused,
    validate_jwt_changed_character_needs_no_database,
    validate_jwt_signing_keys_rotate,
);

/// The time of the test clock.
const NOW: i64 = 1_795_435_200;
const WEEK: i64 = 7 * 86_400;

/// Signs any header and claims as a JWT.
fn forge(header: &str, claims: &str, key: &SecretKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let key = EncodingKey::from_secret(key.expose());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn part(jwt: &str, index: usize) -> Value {
    let part = jwt.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
}

/// Returns a copy of an object with a field set or removed.
fn with(object: &Value, field: &str, value: Option<Value>) -> String {
    let mut object = object.clone();
    let fields = object.as_object_mut().unwrap();
    match value {
        Some(value) => fields.insert(field.to_owned(), value),
        None => fields.remove(field),
    };
    object.to_string()
}

async fn issue_jwt_has_documented_header_and_claims(db: Db) {
    let world = World::new(db).await;
    let (id, jwt) = world.account().await;
    let user = world.user().await;
    let (header, claims) = (part(&jwt, 0), part(&jwt, 1));
    assert_eq!((&header["alg"], &header["typ"]), (&json!("HS256"), &json!("JWT")));
    let kid = header["kid"].as_str().unwrap();
    assert!(
        kid.len() == 16 && kid.bytes().all(|b| b.is_ascii_hexdigit()),
        "{kid}"
    );
    assert!(!world.keys[0].to_hex().contains(kid));
    let generation = claims["gen"].as_u64().unwrap();
    assert_eq!(
        claims,
        json!({"iss": "mayfly", "aud": "mailbox", "sub": id, "gen": generation, "iat": NOW, "nbf": NOW, "exp": NOW + WEEK})
    );
    let claims = part(&user.jwt, 1);
    assert_eq!((&claims["aud"], &claims["sub"]), (&json!("pro"), &json!(user.id)));
}

async fn validate_jwt_foreign_header_or_signature_is_refused(db: Db) {
    let world = World::new(db).await;
    let (_, jwt) = world.account().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys.json", listener.local_addr().unwrap());
    let (header, claims) = (part(&jwt, 0), part(&jwt, 1).to_string());
    let (key, foreign) = (&world.keys[0], SecretKey::random());
    let hs256 = |header: &str| forge(header, &claims, key, Algorithm::HS256);
    assert!(
        world.validate(&hs256(&header.to_string())).await.is_ok(),
        "the unchanged header is accepted"
    );

    let jwk = json!({"kty": "oct", "k": BASE64.encode(foreign.expose()), "alg": "HS256"});
    let with_headers = [
        ("alg", Some(json!("none"))),
        ("alg", Some(json!("None"))),
        ("alg", Some(json!("NONE"))),
        ("alg", Some(json!("hs256"))),
        ("alg", Some(json!("HS384"))),
        ("alg", Some(json!("HS512"))),
        ("alg", Some(json!("RS256"))),
        ("alg", Some(json!("ES256"))),
        ("alg", Some(json!("EdDSA"))),
        ("alg", Some(json!(["HS256"]))),
        ("alg", Some(Value::Null)),
        ("alg", None),
        ("kid", None),
        ("kid", Some(Value::Null)),
        ("kid", Some(json!(""))),
        ("kid", Some(json!(7))),
        ("kid", Some(json!("0123456789abcdef"))),
        ("kid", Some(json!("../../dev/null"))),
        ("typ", None),
        ("typ", Some(json!("at+jwt"))),
        ("cty", Some(json!("JWT"))),
        ("jku", Some(json!(url))),
        ("x5u", Some(json!(url))),
        ("jwk", Some(jwk.clone())),
        ("x5c", Some(json!(["AAAA"]))),
        ("x5t", Some(json!("AAAA"))),
        ("x5t#S256", Some(json!("AAAA"))),
        ("crit", Some(json!(["exp"]))),
        ("b64", Some(json!(false))),
        ("zip", Some(json!("DEF"))),
        ("enc", Some(json!("A128GCM"))),
        ("url", Some(json!(url))),
    ];
    let mut tokens: Vec<String> = with_headers
        .map(|(field, value)| hs256(&with(&header, field, value)))
        .into();
    for (name, algorithm) in [("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512)] {
        tokens.push(forge(
            &with(&header, "alg", Some(json!(name))),
            &claims,
            key,
            algorithm,
        ));
    }
    let embedded_key = with(&header, "jwk", Some(jwk));
    tokens.push(forge(&embedded_key, &claims, &foreign, Algorithm::HS256));
    tokens.push(forge(&header.to_string(), &claims, &foreign, Algorithm::HS256));
    tokens.extend(["", "null", "[]", "\"x\"", "{}", "{"].map(hs256));
    tokens.push(hs256(&format!("{{\"alg\":\"none\",{}", &header.to_string()[1..])));
    for header in [with(&header, "alg", Some(json!("none"))), header.to_string()] {
        let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(&claims));
        tokens.extend([format!("{message}."), message]);
    }
    let parts: Vec<&str> = jwt.split('.').collect();
    tokens.extend([
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        format!("{jwt}="),
        format!("{jwt}."),
        format!("{jwt} "),
        format!(" {jwt}"),
        format!("{jwt}\n"),
        format!("{jwt}\0"),
        format!("Bearer {jwt}"),
        format!("{}.{}", jwt, parts[2]),
        format!("{}..{}", parts[0], parts[2]),
        format!(".{}.{}", parts[1], parts[2]),
        jwt[..jwt.len() - 1].to_owned(),
        "é".repeat(200),
        "x".repeat(1 << 20),
    ]);
    assert!(tokens.len() >= 40);
    for token in tokens {
        token_refused(world.validate(&token).await);
    }
    let accepted = listener.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(accepted, Err(ErrorKind::WouldBlock), "no URL is fetched");
}

async fn validate_jwt_signed_foreign_claims_are_refused(db: Db) {
    let world = World::new(db).await;
    let (_, jwt) = world.account().await;
    let user = world.user().await;
    let (header, claims) = (part(&jwt, 0).to_string(), part(&jwt, 1));
    let sign = |claims: &str| forge(&header, claims, &world.keys[0], Algorithm::HS256);
    let generation = claims["gen"].as_i64().unwrap();
    let mut rows: Vec<(&str, Option<Value>)> = Vec::new();
    for field in ["iss", "aud", "sub", "exp", "nbf", "iat", "gen"] {
        let right = claims[field].clone();
        rows.extend(
            [
                None,
                Some(Value::Null),
                Some(json!(true)),
                Some(json!({})),
                Some(json!([])),
            ]
            .map(|v| (field, v)),
        );
        rows.push((field, Some(json!([right]))));
        let other_type = right
            .as_str()
            .map_or_else(|| json!(right.to_string()), |_| json!(7));
        rows.push((field, Some(other_type)));
    }
    for field in ["exp", "nbf", "iat", "gen"] {
        let right = claims[field].as_i64().unwrap();
        rows.extend(
            [
                json!(-1),
                json!(-right),
                json!(i64::MIN),
                json!(u64::MAX),
                json!(1e300),
            ]
            .map(|v| (field, Some(v))),
        );
        rows.push((field, Some(json!(right as f64 + 0.5))));
    }
    rows.extend(["", "Mayfly", "mayfly ", "other"].map(|v| ("iss", Some(json!(v)))));
    rows.extend(["", "Mailbox", "pro", "mailbox pro", "admin"].map(|v| ("aud", Some(json!(v)))));
    let sub = claims["sub"].as_str().unwrap();
    let plain = sub.replace('-', "");
    let foreign = world.new_account();
    let subs = [
        "",
        "x",
        &plain,
        &format!("{{{sub}}}"),
        &format!("urn:uuid:{sub}"),
        &format!("{sub} "),
        &foreign,
        &user.id,
    ];
    rows.extend(subs.map(|v| ("sub", Some(json!(v)))));
    rows.extend([0, generation - 1, generation + 1].map(|v| ("gen", Some(json!(v)))));
    // M4 and similar: longer than seven days, ends before it begins, expired, not yet valid.
    rows.extend([NOW + WEEK + 1, i64::MAX, NOW, NOW - 1, 0].map(|v| ("exp", Some(json!(v)))));
    rows.extend([NOW + 6, NOW + WEEK, NOW - 1, 0].map(|v| ("iat", Some(json!(v)))));
    rows.extend([NOW + 6, NOW + WEEK, i64::MAX].map(|v| ("nbf", Some(json!(v)))));
    assert!(rows.len() >= 40);
    for (field, value) in rows {
        let claims = with(&claims, field, value.clone());
        let failure = world.validate(&sign(&claims)).await.err();
        assert!(failure.is_some(), "accepted: {field} {value:?}");
        token_refused(Err(failure.unwrap()));
    }
    for claims in [
        "",
        "null",
        "[]",
        "{}",
        "{",
        "7",
        &format!("{{\"exp\":{},{}", NOW + 9, &claims.to_string()[1..]),
    ] {
        token_refused(world.validate(&sign(claims)).await);
    }
    for (field, value) in [
        ("exp", NOW + 1),
        ("exp", NOW + WEEK),
        ("iat", NOW + 5),
        ("nbf", NOW + 5),
        ("nbf", 0),
        ("more", 1),
    ] {
        let answer = world
            .validate(&sign(&with(&claims, field, Some(json!(value)))))
            .await;
        assert!(answer.is_ok(), "refused: {field} {value}");
    }
}

async fn validate_jwt_changed_character_needs_no_database(db: Db) {
    let world = World::new(db).await;
    let (_, jwt) = world.account().await;
    // With the database closed, every validation that reads it fails as `Unavailable`.
    world.auth.close().await;
    assert_eq!(
        world.validate(&jwt).await.unwrap_err().code,
        mayfly_types::ErrorCode::Unavailable
    );
    for position in 0..jwt.len() {
        for with in ["A", "b", "0", "_", ".", "=", "%", "é"] {
            if &jwt[position..=position] != with {
                let changed = format!("{}{with}{}", &jwt[..position], &jwt[position + 1..]);
                token_refused(world.validate(&changed).await);
            }
        }
    }
}

async fn validate_jwt_signing_keys_rotate(db: Db) {
    let (old, new) = (SecretKey::random(), SecretKey::random());
    let world = World::new(db).await.restart(vec![old.clone()], |_| {}).await;
    let (id, by_old) = world.account().await;
    let world = world.restart(vec![new.clone(), old.clone()], |_| {}).await;
    assert!(world.validate(&by_old).await.is_ok());
    let by_new = world.sign_in(Some(&id), crate::support::PASSWORD).await.unwrap();
    assert!(world.validate(&by_new).await.is_ok());
    assert_ne!(part(&by_old, 0)["kid"], part(&by_new, 0)["kid"]);

    let world = world.restart(vec![old.clone(), new.clone()], |_| {}).await;
    assert!(world.validate(&by_new).await.is_ok());
    let by_first = world.sign_in(Some(&id), crate::support::PASSWORD).await.unwrap();
    assert_eq!(
        part(&by_first, 0)["kid"],
        part(&by_old, 0)["kid"],
        "the first key signs"
    );

    let world = world.restart(vec![new], |_| {}).await;
    token_refused(world.validate(&by_old).await);
    assert!(world.validate(&by_new).await.is_ok());
    world.clock.advance(Duration::days(7) + Duration::minutes(1));
    token_refused(world.validate(&by_new).await);
}
