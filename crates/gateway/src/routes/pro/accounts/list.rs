//! `GET /pro/api/accounts`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListMailboxesRequest;

use crate::{auth::ProPrincipal, error::ApiError, state::Gateway, views::account::AccountList};

/// Lists the user's mailboxes.
#[utoipa::path(get, path = "/accounts", tag = "pro", operation_id = "list_accounts", security(("pro" = [])),
    responses((status = 200, body = AccountList)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
) -> Result<Json<AccountList>, ApiError> {
    let request = ListMailboxesRequest {
        owner_user_id: principal.user_id,
    };
    let answer = gateway.mailbox().list_mailboxes(request).await?.into_inner();
    Ok(Json(AccountList {
        accounts: answer.mailboxes.into_iter().map(Into::into).collect(),
    }))
}
