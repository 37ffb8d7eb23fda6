//! `DELETE /api/me`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::DeleteMailboxRequest;

use crate::dialects::shared::responses;
use crate::{app::App, edge::auth::MailboxPrincipal, edge::failure::FailureResponse};

/// Deletes the mailbox that asks, its mail and its tokens.
#[utoipa::path(delete, path = "/me", tag = "mailbox", operation_id = "delete_me", security(("mailbox" = [])),
    responses((status = 204, description = "The mailbox is gone"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
) -> Result<StatusCode, FailureResponse> {
    app.mailbox()
        .delete_mailbox(DeleteMailboxRequest {
            scope: Some(principal.scope()),
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
