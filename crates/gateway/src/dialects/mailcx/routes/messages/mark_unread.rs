//! `DELETE /api/messages/{id}/read`

use axum::{extract::State, http::StatusCode};

use crate::dialects::shared::responses;
use crate::{
    app::App, edge::auth::MailboxPrincipal, edge::failure::FailureResponse, edge::segments::Segments,
};

/// Marks a message as unread. Repeating it changes nothing.
#[utoipa::path(delete, path = "/messages/{id}/read", tag = "messages", operation_id = "mark_message_unread",
    security(("mailbox" = [])), params(("id" = String, Path, description = "The message")),
    responses((status = 204, description = "The message is unread"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    Segments(message_id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    app.mark_message(principal.scope(), message_id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
