//! `POST /pro/api/me/delete`

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    edge::{
        auth::{ProPrincipal, needs::WholeUser},
        client_address::ClientAddress,
        failure::FailureResponse,
        json::JsonBody,
        password_permit::PasswordPermit,
    },
};

/// The password of the user.
#[derive(Deserialize, ToSchema)]
pub(crate) struct UserPassword {
    password: String,
}

/// Deletes the Pro user with all mailboxes, domains, webhooks and tokens, at once and for good. A `POST`, because proxies drop
/// the body of a `DELETE`.
#[utoipa::path(post, path = "/me/delete", tag = "pro", operation_id = "delete_pro_user", security(("pro" = [])),
    request_body = UserPassword,
    responses((status = 204, description = "The user is deleted"), responses::JsonBody, responses::BearerAndPassword, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<WholeUser>,
    client: ClientAddress,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<UserPassword>,
) -> Result<StatusCode, FailureResponse> {
    app.delete_user(principal.pro.user_id, body.password, client.0)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
