//! `PUT /api/messages/{id}/read`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::MarkMessageReadRequest;

use crate::{auth::MailboxPrincipal, error::ApiError, segments::Segments, state::Gateway};

/// Marks a message as read. Repeating it changes nothing.
#[utoipa::path(put, path = "/messages/{id}/read", tag = "messages", operation_id = "mark_message_read",
    security(("mailbox" = [])), params(("id" = String, Path, description = "The message")),
    responses((status = 204, description = "The message is read")))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: MailboxPrincipal,
    Segments(message_id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    let request = MarkMessageReadRequest {
        scope: Some(principal.scope()),
        message_id,
    };
    gateway.mailbox().mark_message_read(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
