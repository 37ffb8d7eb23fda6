//! `GET /accounts/{id}`

use axum::{extract::State, http::StatusCode, response::Response};
use mayfly_proto::mailbox::MailboxInfo;
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
    let account = own(&app, &principal, &id).await?;
    Ok(node::object(format, StatusCode::OK, &Account::from(account)))
}

/// Returns the mailbox of the caller, if the path names it. The token of a deleted mailbox fails as such, before auth has heard of the
/// deletion too.
pub(super) async fn own(app: &App, principal: &MailboxPrincipal, id: &str) -> Result<MailboxInfo, Failure> {
    let mailbox = app.mailbox_of(&principal.account_id).await?;
    match mailbox.account_id.eq_ignore_ascii_case(id) {
        true => Ok(mailbox),
        false => Err(Failure::not_found()),
    }
}
