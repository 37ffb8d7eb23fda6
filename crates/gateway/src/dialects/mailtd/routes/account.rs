//! `/api/accounts/{account}`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::mailbox::{DeleteMailboxRequest, GetMailboxRequest};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    dialects::{
        mailtd::account::Account,
        shared::{
            responses, secret,
            views::account::{Me, PasswordReset},
        },
    },
    edge::{failure::FailureResponse, json::JsonBody, password_permit::PasswordPermit},
};

/// Shows a mailbox.
#[utoipa::path(get, path = "/accounts/{account}", tag = "accounts", operation_id = "get_account",
    security(("mailbox" = []), ("pro" = [])), params(("account" = String, Path, description = "The mailbox's id or address")),
    responses((status = 200, body = Me, description = "The mailbox"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn get(
    State(app): State<App>,
    Account(scope): Account,
) -> Result<Json<Me>, FailureResponse> {
    let request = GetMailboxRequest { scope: Some(scope) };
    let answer = app.mailbox().get_mailbox(request).await?.into_inner();
    Ok(Json(answer.mailbox.unwrap_or_default().into()))
}

/// Deletes a mailbox, its mail and its tokens.
#[utoipa::path(delete, path = "/accounts/{account}", tag = "accounts", operation_id = "delete_account",
    security(("mailbox" = []), ("pro" = [])), params(("account" = String, Path, description = "The mailbox's id or address")),
    responses((status = 204, description = "The mailbox is gone"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn delete(
    State(app): State<App>,
    Account(scope): Account,
) -> Result<StatusCode, FailureResponse> {
    let request = DeleteMailboxRequest { scope: Some(scope) };
    app.mailbox().delete_mailbox(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The new secret of a mailbox: one of the two. If both are there, the key counts.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewSecret {
    /// 6 to 256 bytes, taken byte for byte.
    #[serde(default, deserialize_with = "secret::password")]
    #[schema(value_type = Option<String>)]
    pub(super) password: Option<String>,
    /// 64 hexadecimal digits.
    #[schema(value_type = Option<String>)]
    pub(super) auth_key: Option<serde_json::Value>,
}

/// Sets a mailbox's password; every older token of the mailbox stops working, also the one of this request.
#[utoipa::path(put, path = "/accounts/{account}/reset-password", tag = "accounts", operation_id = "reset_password",
    security(("mailbox" = []), ("pro" = [])), params(("account" = String, Path, description = "The mailbox's id or address")),
    request_body = NewSecret,
    responses((status = 200, body = PasswordReset, description = "The password is set"), responses::JsonBody, responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn reset_password(
    State(app): State<App>,
    Account(scope): Account,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<NewSecret>,
) -> Result<Json<PasswordReset>, FailureResponse> {
    let secret = secret::secret(&app, body.password, body.auth_key.as_ref())?;
    app.reset_password(scope, secret).await?;
    Ok(Json(PasswordReset::DONE))
}
