//! `PUT /api/messages/{id}/read`

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode},
};
use mayfly_proto::mailbox::MarkMessageReadRequest;
use mayfly_types::MAX_CLAIM_BYTES;

use crate::dialects::shared::responses;
use crate::{
    app::{App, wait::claim_id},
    edge::auth::MailboxPrincipal,
    edge::failure::FailureResponse,
    edge::segments::Segments,
};

/// Whether the call marked the message: of concurrent calls, one gets `true`.
const CHANGED: HeaderName = HeaderName::from_static("x-mayfly-changed");

/// Names the operation of the client: a repetition of the call gets the same answer.
const CLAIM: HeaderName = HeaderName::from_static("x-mayfly-claim");

/// Marks a message as read. Repeating it changes nothing.
#[utoipa::path(put, path = "/messages/{id}/read", tag = "messages", operation_id = "mark_message_read",
    security(("mailbox" = [])), params(("id" = String, Path, description = "The message"),
        ("X-Mayfly-Claim" = Option<String>, Header, max_length = 64, description = "Unique for the operation: a repetition after a lost answer gets the same `X-Mayfly-Changed`. Longer values are ignored")),
    responses((status = 204, description = "The message is read; `X-Mayfly-Changed` is `true` if it was unread", headers(("X-Mayfly-Changed" = bool))), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    Segments(message_id): Segments<String>,
    headers: HeaderMap,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1]), FailureResponse> {
    let claim = headers.get(CLAIM).and_then(|claim| claim.to_str().ok());
    let claim = claim.filter(|claim| (1..=MAX_CLAIM_BYTES).contains(&claim.len()));
    let request = MarkMessageReadRequest {
        scope: Some(principal.scope()),
        message_id,
        claim_id: claim.map_or_else(claim_id, str::to_owned),
        is_unread: false,
    };
    let marked = app.mailbox().mark_message_read(request).await?.into_inner();
    let changed = if marked.has_changed { "true" } else { "false" };
    Ok((StatusCode::NO_CONTENT, [(CHANGED, changed)]))
}
