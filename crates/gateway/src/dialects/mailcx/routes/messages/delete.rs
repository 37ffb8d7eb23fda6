//! `DELETE /api/messages/{id}`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::DeleteMessageRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App, edge::auth::MailboxPrincipal, edge::failure::FailureResponse, edge::segments::Segments,
};

/// Deletes a message; its size is returned to the quota.
#[utoipa::path(delete, path = "/messages/{id}", tag = "messages", operation_id = "delete_message",
    security(("mailbox" = [])), params(("id" = String, Path, description = "The message")),
    responses((status = 204, description = "The message is gone"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    Segments(message_id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    let request = DeleteMessageRequest {
        scope: Some(principal.scope()),
        message_id,
    };
    app.mailbox().delete_message(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
