//! The failures that mail.td answers with other codes than the bearer API.

use axum::response::Response;
use mayfly_rpc::Failure;
use mayfly_types::Reason;

use crate::dialects::shared;

fn code(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::MissingCredential => "unauthorized",
        Reason::InvalidToken | Reason::TokenExpired | Reason::MailboxGone => "invalid_or_expired_token",
        Reason::RateLimited => "rate_limit_exceeded",
        _ => return None,
    })
}

/// Gives a response that carries a failure its status, headers and body.
pub(crate) fn render(failure: Failure, carrier: Response) -> Response {
    shared::errors::render_with(failure, carrier, code)
}
