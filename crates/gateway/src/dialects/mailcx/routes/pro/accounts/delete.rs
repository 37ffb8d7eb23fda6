//! `DELETE /pro/api/accounts/{id}`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::DeleteMailboxRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    edge::auth::{ProPrincipal, needs::AccountsWrite},
    edge::client_address::ClientAddress,
    edge::failure::FailureResponse,
    edge::segments::Segments,
};

/// Deletes one of the user's mailboxes.
#[utoipa::path(delete, path = "/accounts/{id}", tag = "pro", operation_id = "delete_account",
    security(("pro" = ["accounts:write"])), params(("id" = String, Path, description = "The mailbox")),
    responses((status = 204, description = "The mailbox is gone"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<AccountsWrite>,
    client: ClientAddress,
    Segments(account_id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    let changer = principal.changer(client.0);
    let request = DeleteMailboxRequest {
        scope: Some(principal.scope_of(account_id.clone())),
    };
    app.mailbox().delete_mailbox(request).await?;
    app.report_change(changer, "mailbox.deleted", account_id).await;
    Ok(StatusCode::NO_CONTENT)
}
