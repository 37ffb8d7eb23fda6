//! Forges tokens with the key of the server.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mayfly_types::SecretKey;
use serde_json::Value;

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("claims")
}

/// Changes the claims of a token and signs it with the key of the server.
pub(crate) fn resigned(token: &str, key: &SecretKey, change: impl FnOnce(&mut Value)) -> String {
    let header = jsonwebtoken::decode_header(token).expect("a header");
    let mut claims = claims(token);
    change(&mut claims);
    let header = Header {
        kid: header.kid,
        ..Header::new(Algorithm::HS256)
    };
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(key.expose())).expect("a token")
}

/// Moves the times of a token some days into the past.
pub(crate) fn aged(token: &str, key: &SecretKey, days: i64) -> String {
    resigned(token, key, |claims| {
        for name in ["iat", "nbf", "exp"] {
            claims[name] = (claims[name].as_i64().expect("a time") - days * 86_400).into();
        }
    })
}
