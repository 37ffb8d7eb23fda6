//! `DELETE /accounts/{id}`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::DeleteMailboxRequest;

use super::get::own;
use crate::dialects::mailtm::responses;
use crate::{
    app::App,
    edge::{auth::MailboxPrincipal, failure::FailureResponse, segments::Segments},
};

/// Deletes the mailbox of the token, its mail and its tokens.
#[utoipa::path(delete, path = "/accounts/{id}", tag = "accounts", operation_id = "delete_account", security(("mailbox" = [])),
    params(("id" = String, Path, description = "The mailbox")),
    responses((status = 204, description = "The mailbox is gone"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    Segments(id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    own(&app, &principal, &id).await?;
    let request = DeleteMailboxRequest {
        scope: Some(principal.scope()),
    };
    app.mailbox().delete_mailbox(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
