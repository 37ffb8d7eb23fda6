//! `POST /pro/api/register`

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::mailcx::responses;
use crate::{
    app::App,
    dialects::mailcx::views::pro::ProSignedIn,
    edge::{
        client_address::ClientAddress, failure::FailureResponse, json::JsonBody,
        password_permit::PasswordPermit,
    },
};

/// A Pro user's e-mail address and password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct EmailAndPassword {
    pub(crate) email: String,
    /// 8 to 256 bytes, taken byte for byte.
    pub(crate) password: String,
}

/// Registers a Pro user.
#[utoipa::path(post, path = "/register", tag = "pro", operation_id = "register", request_body = EmailAndPassword,
    responses((status = 201, body = ProSignedIn, description = "The Pro user and a token"), responses::JsonBody, responses::NewUser, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    client: ClientAddress,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<EmailAndPassword>,
) -> Result<(StatusCode, Json<ProSignedIn>), FailureResponse> {
    let user = app.register_user(body.email, body.password, client.0).await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}
