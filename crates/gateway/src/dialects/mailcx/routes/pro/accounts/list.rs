//! `GET /pro/api/accounts`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListMailboxesRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::account::AccountList,
    edge::auth::{ProPrincipal, needs::AccountsRead},
    edge::failure::FailureResponse,
};

/// Lists the user's mailboxes.
#[utoipa::path(get, path = "/accounts", tag = "pro", operation_id = "list_accounts", security(("pro" = ["accounts:read"])),
    responses((status = 200, body = AccountList, description = "The mailboxes"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<AccountsRead>,
) -> Result<Json<AccountList>, FailureResponse> {
    let (owner_user_id, limited_owner) = principal.owner().into_fields();
    let request = ListMailboxesRequest {
        owner_user_id,
        limited_owner,
        ..ListMailboxesRequest::default()
    };
    let answer = app.mailbox().list_mailboxes(request).await?.into_inner();
    Ok(Json(AccountList {
        accounts: answer.mailboxes.into_iter().map(Into::into).collect(),
    }))
}
