//! `Idempotency-Key`: a client can repeat a request with the same key, and it is applied once.

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};
use utoipa::IntoParams;

use mayfly_rpc::Failure;

use crate::edge::failure::FailureResponse;

/// The header.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key.
const MAX_BYTES: usize = 255;

/// The client's key as sent, quotes included; `None` without one.
#[derive(Debug, IntoParams)]
#[into_params(names("Idempotency-Key"), parameter_in = Header)]
pub(crate) struct IdempotencyKey(
    /// 1 to 255 visible characters. The same request with the same key is applied once, and gets the same answer for 24 hours.
    #[param(value_type = String, required = false, min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    pub(crate) Option<String>,
);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, FailureResponse> {
        let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(value) = values.next() else {
            return Ok(Self(None));
        };
        let key = value.to_str().ok().filter(|key| {
            (1..=MAX_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        });
        match (key, values.next()) {
            (Some(key), None) => Ok(Self(Some(key.to_owned()))),
            _ => Err(Failure::invalid_request(
                "Idempotency-Key: send one, of 1 to 255 visible ASCII characters",
            )
            .into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::Request};

    use super::*;

    async fn read(values: &[&[u8]]) -> Result<Option<String>, FailureResponse> {
        let mut request = Request::builder();
        for value in values {
            request = request.header(IDEMPOTENCY_KEY, *value);
        }
        let (mut parts, _) = request.body(Body::empty()).unwrap().into_parts();
        let key = IdempotencyKey::from_request_parts(&mut parts, &()).await?;
        Ok(key.0)
    }

    #[tokio::test]
    async fn idempotency_key_is_one_value_of_visible_ascii() {
        assert_eq!(read(&[]).await.unwrap(), None);
        let longest = "~".repeat(255);
        for key in [
            "a",
            "!",
            "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"",
            "k,k",
            &longest,
        ] {
            assert_eq!(read(&[key.as_bytes()]).await.unwrap().as_deref(), Some(key));
        }
        let long = "~".repeat(256);
        for values in [
            &[&b""[..]][..],
            &[b" "],
            &[b"a b"],
            &[b"a\tb"],
            &["ä".as_bytes()],
            &[b"\xff"],
            &[long.as_bytes()],
            &[b"a", b"a"],
            &[b"a", b""],
        ] {
            let refusal = read(values).await.unwrap_err();
            assert!(format!("{refusal:?}").contains("Idempotency-Key"), "{values:?}");
        }
    }
}
