//! `PUT /api/messages/{id}/read`

use axum::{
    extract::State,
    http::{HeaderName, StatusCode},
};
use mayfly_proto::mailbox::MarkMessageReadRequest;

use crate::dialects::mailcx::responses;
use crate::{
    app::{App, wait::claim_id},
    edge::auth::MailboxPrincipal,
    edge::failure::FailureResponse,
    edge::segments::Segments,
};

/// Whether the call marked the message: of concurrent calls, one gets `true`.
const CHANGED: HeaderName = HeaderName::from_static("x-mayfly-changed");

/// Marks a message as read. Repeating it changes nothing.
#[utoipa::path(put, path = "/messages/{id}/read", tag = "messages", operation_id = "mark_message_read",
    security(("mailbox" = [])), params(("id" = String, Path, description = "The message")),
    responses((status = 204, description = "The message is read; `X-Mayfly-Changed` is `true` if it was unread", headers(("X-Mayfly-Changed" = bool))), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    Segments(message_id): Segments<String>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1]), FailureResponse> {
    let request = MarkMessageReadRequest {
        scope: Some(principal.scope()),
        message_id,
        claim_id: claim_id(),
    };
    let marked = app.mailbox().mark_message_read(request).await?.into_inner();
    let changed = if marked.has_changed { "true" } else { "false" };
    Ok((StatusCode::NO_CONTENT, [(CHANGED, changed)]))
}
