//! `PUT /pro/api/me/password`

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::pro::ProSignedIn,
    edge::{
        auth::{ProPrincipal, needs::WholeUser},
        client_address::ClientAddress,
        failure::FailureResponse,
        json::JsonBody,
        password_permit::PasswordPermit,
    },
};

/// The current password and the new one.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordChange {
    current_password: String,
    /// 8 to 256 bytes, taken byte for byte.
    password: String,
}

/// Changes the password. The user's earlier JWTs are void, the answer has a new one; API tokens stay valid.
#[utoipa::path(put, path = "/me/password", tag = "pro", operation_id = "change_password", security(("pro" = [])),
    request_body = PasswordChange,
    responses((status = 200, body = ProSignedIn, description = "The Pro user and a new token"), responses::JsonBody, responses::BearerAndPassword, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<WholeUser>,
    client: ClientAddress,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<PasswordChange>,
) -> Result<Json<ProSignedIn>, FailureResponse> {
    let (current, password) = (body.current_password, body.password);
    let user = app
        .change_user_password(principal.pro.user_id, current, password, client.0)
        .await?;
    Ok(Json(ProSignedIn {
        user_id: user.user_id,
        email: user.email,
        token: user.token,
    }))
}
