//! `DELETE /pro/api/accounts/{id}`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::DeleteMailboxRequest;

use crate::{auth::ProPrincipal, error::ApiError, segments::Segments, state::Gateway};

/// Deletes one of the user's mailboxes.
#[utoipa::path(delete, path = "/accounts/{id}", tag = "pro", operation_id = "delete_account",
    security(("pro" = [])), params(("id" = String, Path, description = "The mailbox")),
    responses((status = 204, description = "The mailbox is gone")))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
    Segments(account_id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    let request = DeleteMailboxRequest {
        scope: Some(principal.scope_of(account_id)),
    };
    gateway.mailbox().delete_mailbox(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
