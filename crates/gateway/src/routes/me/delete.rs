//! `DELETE /api/me`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::DeleteMailboxRequest;

use crate::{auth::MailboxPrincipal, error::ApiError, state::Gateway};

/// Deletes the mailbox that asks, its mail and its tokens.
#[utoipa::path(delete, path = "/me", tag = "mailbox", operation_id = "delete_me", security(("mailbox" = [])),
    responses((status = 204, description = "The mailbox is gone")))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: MailboxPrincipal,
) -> Result<StatusCode, ApiError> {
    gateway
        .mailbox()
        .delete_mailbox(DeleteMailboxRequest {
            scope: Some(principal.scope()),
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
