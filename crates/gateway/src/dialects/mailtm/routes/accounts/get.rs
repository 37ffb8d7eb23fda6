//! `GET /accounts/{id}`

use axum::{extract::State, http::StatusCode, response::Response};
use mayfly_rpc::Failure;

use crate::dialects::mailtm::responses;
use crate::{
    app::App,
    dialects::mailtm::{
        accept::Format,
        views::{account::Account, node},
    },
    edge::{auth::MailboxPrincipal, failure::FailureResponse, segments::Segments},
};

/// Returns the mailbox of the token.
#[utoipa::path(get, path = "/accounts/{id}", tag = "accounts", operation_id = "get_account", security(("mailbox" = [])),
    params(("id" = String, Path, description = "The mailbox")),
    responses((status = 200, description = "The mailbox", content((Account = "application/json"), (Account = "application/ld+json"))), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    format: Format,
    Segments(id): Segments<String>,
) -> Result<Response, FailureResponse> {
    let account = Account::from(app.mailbox_of(&own(principal, &id)?.account_id).await?);
    Ok(node::object(format, StatusCode::OK, &account))
}

/// Returns the caller, if the path names its mailbox.
pub(super) fn own(principal: MailboxPrincipal, id: &str) -> Result<MailboxPrincipal, Failure> {
    match principal.account_id.eq_ignore_ascii_case(id) {
        true => Ok(principal),
        false => Err(Failure::not_found()),
    }
}
