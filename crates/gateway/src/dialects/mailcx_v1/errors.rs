//! The failures that mail.cx `/v1` answers with other codes than the bearer API.

use axum::{
    http::{HeaderValue, header},
    response::Response,
};
use mayfly_rpc::Failure;
use mayfly_types::Reason;

use crate::dialects::shared;

/// The credential is in a header of its own.
const CHALLENGE: HeaderValue = HeaderValue::from_static("x-api-token realm=\"mayfly\"");

fn code(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::Expired => "email_expired",
        Reason::RateLimited => "rate_limit_exceeded",
        _ => return None,
    })
}

/// Gives a response that carries a failure its status, headers and body.
pub(crate) fn render(failure: Failure, carrier: Response) -> Response {
    let mut response = shared::errors::render_with(failure, carrier, code);
    if let Some(challenge) = response.headers_mut().get_mut(header::WWW_AUTHENTICATE) {
        *challenge = CHALLENGE;
    }
    response
}
