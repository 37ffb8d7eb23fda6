//! `PUT /pro/api/accounts/{id}/reset-password`

use axum::{Json, extract::State};
use mayfly_proto::{auth::ResetPasswordRequest, mailbox::GetMailboxRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::ProPrincipal,
    error::ApiError,
    json::JsonBody,
    segments::Segments,
    state::{Gateway, hash_request},
};

/// The new password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewPassword {
    /// 6 to 256 bytes, taken byte for byte.
    password: String,
}

/// The password has been reset.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasswordReset {
    message: &'static str,
}

/// Sets a mailbox's password; every older token of the mailbox stops working.
#[utoipa::path(put, path = "/accounts/{id}/reset-password", tag = "pro", operation_id = "reset_password",
    security(("pro" = [])), params(("id" = String, Path, description = "The mailbox")), request_body = NewPassword,
    responses((status = 200, body = PasswordReset)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
    Segments(account_id): Segments<String>,
    JsonBody(body): JsonBody<NewPassword>,
) -> Result<Json<PasswordReset>, ApiError> {
    let request = GetMailboxRequest {
        scope: Some(principal.scope_of(account_id)),
    };
    let mailbox = gateway
        .mailbox()
        .get_mailbox(request)
        .await?
        .into_inner()
        .mailbox
        .unwrap_or_default();
    let request = ResetPasswordRequest {
        account_id: mailbox.account_id,
        password: body.password.into(),
    };
    gateway.auth().reset_password(hash_request(request)).await?;
    Ok(Json(PasswordReset {
        message: "password_reset",
    }))
}
