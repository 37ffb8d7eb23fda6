//! `DELETE /api/messages/{id}`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::DeleteMessageRequest;

use crate::{auth::MailboxPrincipal, error::ApiError, segments::Segments, state::Gateway};

/// Deletes a message; its size is returned to the quota.
#[utoipa::path(delete, path = "/messages/{id}", tag = "messages", operation_id = "delete_message",
    security(("mailbox" = [])), params(("id" = String, Path, description = "The message")),
    responses((status = 204, description = "The message is gone")))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: MailboxPrincipal,
    Segments(message_id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    let request = DeleteMessageRequest {
        scope: Some(principal.scope()),
        message_id,
    };
    gateway.mailbox().delete_message(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
