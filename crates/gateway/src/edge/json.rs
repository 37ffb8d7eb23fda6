//! JSON bodies: bounded in size and time. An error names the invalid field.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use bytes::BytesMut;
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;

use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};

use crate::edge::failure::FailureResponse;

/// The largest body that is accepted.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;
/// How much of a rejected body is read and discarded.
const MAX_DRAINED_BYTES: usize = 8 * 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// A JSON body. Unknown fields are ignored, since real clients send some.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = FailureResponse;

    async fn from_request(request: Request, _: &S) -> Result<Self, FailureResponse> {
        let (parts, body) = request.into_parts();
        Ok(Self(parse(&read_json(&parts.headers, body).await?)?))
    }
}

/// A JSON body that can be absent: an empty one is the default, whatever its type.
#[derive(Debug)]
pub(crate) struct OptionalJsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = FailureResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, FailureResponse> {
        let JsonBytes(bytes) = JsonBytes::from_request(request, state).await?;
        let is_empty = bytes.iter().all(u8::is_ascii_whitespace);
        Ok(Self(if is_empty { T::default() } else { parse(&bytes)? }))
    }
}

/// The bytes of a JSON body that the route parses itself. An empty body needs no type.
#[derive(Debug)]
pub(crate) struct JsonBytes(pub(crate) BytesMut);

impl<S: Send + Sync> FromRequest<S> for JsonBytes {
    type Rejection = FailureResponse;

    async fn from_request(request: Request, _: &S) -> Result<Self, FailureResponse> {
        if request.body().is_end_stream() {
            return Ok(Self(BytesMut::new()));
        }
        let (parts, body) = request.into_parts();
        Ok(Self(read_json(&parts.headers, body).await?))
    }
}

/// Reads the bytes of a body whose headers say that it is JSON.
///
/// # Errors
/// When the headers or the length do not fit, or the body takes too long.
pub(crate) async fn read_json(headers: &HeaderMap, mut body: Body) -> Result<BytesMut, Failure> {
    let bytes = match check_headers(headers) {
        Ok(()) => tokio::time::timeout(BODY_TIMEOUT, read(&mut body))
            .await
            .unwrap_or_else(|_| {
                let message = "the body took too long to arrive";
                Err(Failure::new(
                    ErrorCode::InvalidArgument,
                    Reason::BodyTimeout,
                    message,
                ))
            }),
        Err(refusal) => Err(refusal),
    };
    if bytes.is_err() {
        drain(body).await;
    }
    bytes
}

async fn read(body: &mut Body) -> Result<BytesMut, Failure> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Failure::invalid_request("the body could not be read"))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > MAX_BODY_BYTES {
            return Err(payload_too_large());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn payload_too_large() -> Failure {
    let message = "the body is larger than 1 MiB";
    Failure::new(ErrorCode::InvalidArgument, Reason::PayloadTooLarge, message)
}

/// Reads and discards for a bounded time: a client that still sends when the connection closes would not see the answer.
async fn drain(body: Body) {
    let mut rest = Limited::new(body, MAX_DRAINED_BYTES);
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, async {
        while let Some(Ok(_)) = rest.frame().await {}
    })
    .await;
}

fn check_headers(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        let message = "send the body without Content-Encoding";
        return Err(Failure::new(
            ErrorCode::InvalidArgument,
            Reason::ContentEncoding,
            message,
        ));
    }
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return Err(payload_too_large());
    }
    // A page of another site can send forms and plain text without a CORS preflight, so they are not read as JSON.
    let content_type = match headers.get(header::CONTENT_TYPE) {
        Some(content_type) => content_type.to_str().unwrap_or_default(),
        // A page can omit the type too; browsers then send `Origin`, programs do not.
        None if headers.contains_key(header::ORIGIN) => "",
        None => return Ok(()),
    };
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    Err(Failure::invalid_request("Content-Type must be application/json"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    // serde would read an array as the fields in their order.
    if let Some(first) = body.iter().find(|byte| !byte.is_ascii_whitespace())
        && *first != b'{'
    {
        return Err(Failure::invalid_request("the body must be a JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.inner();
        if !cause.is_data() {
            return Failure::invalid_request("the body is not valid JSON");
        }
        let text = cause.to_string();
        // The text can repeat the value, which can be a password: only the name of the field is kept.
        let named = text
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split('`').next());
        Failure::invalid_request(match named {
            Some(field) => format!("{field}: is missing"),
            None if text.starts_with("duplicate field") => "a field is there twice".to_owned(),
            // A text of our own, which says what the value must be and does not repeat it.
            None if text.starts_with("must ") => {
                format!("{path}: {}", text.split(" at line ").next().unwrap_or_default())
            }
            None => format!("{path}: has the wrong type"),
        })
    })?;
    reader
        .end()
        .map_err(|_| Failure::invalid_request("the body is not valid JSON"))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Body {
        #[expect(dead_code, reason = "read by serde only")]
        address: String,
    }

    #[test]
    fn parse_invalid_body_names_field_and_repeats_no_value() {
        for (body, expected) in [
            ("{}", "address: is missing"),
            ("{\"address\":12345}", "address: has the wrong type"),
            ("{\"address\":null}", "address: has the wrong type"),
            ("{\"address\":\"a\",\"address\":\"b\"}", "a field is there twice"),
            ("[1]", "the body must be a JSON object"),
            ("\"hunter2\"", "the body must be a JSON object"),
            ("", "the body is not valid JSON"),
            ("{\"address\":\"a\"} x", "the body is not valid JSON"),
            ("{\"address\":\"\\ud800\"}", "the body is not valid JSON"),
        ] {
            let text = format!("{:?}", parse::<Body>(body.as_bytes()).unwrap_err());
            assert!(text.contains(expected), "{body}: {text}");
            assert!(!text.contains("12345") && !text.contains("hunter2"), "{text}");
        }
        assert!(parse::<Body>(b"{\"address\":\"a\",\"more\":1}").is_ok());
    }
}
