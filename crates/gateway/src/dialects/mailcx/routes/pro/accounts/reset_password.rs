//! `PUT /pro/api/accounts/{id}/reset-password`

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::shared::{responses, views::account::PasswordReset};
use crate::{
    app::App,
    edge::{
        auth::{ProPrincipal, needs::AccountsWrite},
        failure::FailureResponse,
        json::JsonBody,
        password_permit::PasswordPermit,
        segments::Segments,
    },
};

/// The new password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewPassword {
    /// 6 to 256 bytes, taken byte for byte.
    password: String,
}

/// Sets a mailbox's password; every older token of the mailbox stops working.
#[utoipa::path(put, path = "/accounts/{id}/reset-password", tag = "pro", operation_id = "reset_password",
    security(("pro" = ["accounts:write"])), params(("id" = String, Path, description = "The mailbox")), request_body = NewPassword,
    responses((status = 200, body = PasswordReset, description = "The password is set"), responses::JsonBody, responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<AccountsWrite>,
    Segments(account_id): Segments<String>,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<NewPassword>,
) -> Result<Json<PasswordReset>, FailureResponse> {
    app.reset_password(principal.scope_of(account_id), body.password.into())
        .await?;
    Ok(Json(PasswordReset::DONE))
}
