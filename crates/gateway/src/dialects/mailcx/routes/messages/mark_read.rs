//! `PUT /api/messages/{id}/read`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::MarkMessageReadRequest;

use crate::dialects::mailcx::responses;
use crate::{
    app::App, edge::auth::MailboxPrincipal, edge::failure::FailureResponse, edge::segments::Segments,
};

/// Marks a message as read. Repeating it changes nothing.
#[utoipa::path(put, path = "/messages/{id}/read", tag = "messages", operation_id = "mark_message_read",
    security(("mailbox" = [])), params(("id" = String, Path, description = "The message")),
    responses((status = 204, description = "The message is read"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    Segments(message_id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    let request = MarkMessageReadRequest {
        scope: Some(principal.scope()),
        message_id,
    };
    app.mailbox().mark_message_read(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
