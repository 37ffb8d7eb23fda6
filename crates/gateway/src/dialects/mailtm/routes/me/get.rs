//! `GET /me`

use axum::{extract::State, http::StatusCode, response::Response};

use crate::dialects::mailtm::responses;
use crate::{
    app::App,
    dialects::mailtm::{
        accept::Format,
        views::{account::Account, node},
    },
    edge::{auth::MailboxPrincipal, failure::FailureResponse},
};

/// Returns the mailbox of the token.
#[utoipa::path(get, path = "/me", tag = "accounts", operation_id = "get_me", security(("mailbox" = [])),
    responses((status = 200, description = "The mailbox", content((Account = "application/json"), (Account = "application/ld+json"))), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    format: Format,
) -> Result<Response, FailureResponse> {
    let account = Account::from(app.mailbox_of(&principal.account_id).await?);
    Ok(node::object(format, StatusCode::OK, &account))
}
