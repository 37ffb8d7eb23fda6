//! `/api/accounts/{account}`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::mailbox::{DeleteMailboxRequest, GetMailboxRequest, scope::Caller};
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
    edge::{
        auth::needs::{AccountsRead, AccountsWrite},
        failure::FailureResponse,
        json::JsonBody,
        password_permit::PasswordPermit,
    },
};

/// Shows a mailbox.
#[utoipa::path(get, path = "/accounts/{account}", tag = "accounts", operation_id = "get_account",
    security(("mailbox" = []), ("pro" = ["accounts:read"])), params(("account" = String, Path, description = "The mailbox's id or address")),
    responses((status = 200, body = Me, description = "The mailbox"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn get(
    State(app): State<App>,
    Account { scope, .. }: Account<AccountsRead>,
) -> Result<Json<Me>, FailureResponse> {
    let request = GetMailboxRequest { scope: Some(scope) };
    let answer = app.mailbox().get_mailbox(request).await?.into_inner();
    Ok(Json(answer.mailbox.unwrap_or_default().into()))
}

/// Deletes a mailbox, its mail and its tokens.
#[utoipa::path(delete, path = "/accounts/{account}", tag = "accounts", operation_id = "delete_account",
    security(("mailbox" = []), ("pro" = ["accounts:write"])), params(("account" = String, Path, description = "The mailbox's id or address")),
    responses((status = 204, description = "The mailbox is gone"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn delete(
    State(app): State<App>,
    account: Account<AccountsWrite>,
) -> Result<StatusCode, FailureResponse> {
    delete_reported(&app, account).await
}

/// Deletes a mailbox. What a Pro user deletes is in the audit log.
pub(super) async fn delete_reported(
    app: &App,
    account: Account<AccountsWrite>,
) -> Result<StatusCode, FailureResponse> {
    let deleted = match &account.scope.caller {
        Some(Caller::Owned(owned)) => owned.account_id.clone(),
        _ => String::new(),
    };
    let request = DeleteMailboxRequest {
        scope: Some(account.scope),
    };
    app.mailbox().delete_mailbox(request).await?;
    if let Some(changer) = account.changer {
        app.report_change(changer, "mailbox.deleted", deleted).await;
    }
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
    security(("mailbox" = []), ("pro" = ["accounts:write"])), params(("account" = String, Path, description = "The mailbox's id or address")),
    request_body = NewSecret,
    responses((status = 200, body = PasswordReset, description = "The password is set"), responses::JsonBody, responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn reset_password(
    State(app): State<App>,
    Account { scope, .. }: Account<AccountsWrite>,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<NewSecret>,
) -> Result<Json<PasswordReset>, FailureResponse> {
    let secret = secret::secret(&app, body.password, body.auth_key.as_ref())?;
    app.reset_password(scope, secret).await?;
    Ok(Json(PasswordReset::DONE))
}
