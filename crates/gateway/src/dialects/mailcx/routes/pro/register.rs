//! `POST /pro/api/register`

use axum::{Json, extract::State, http::StatusCode};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::pro::{EmailAndPassword, ProSignedIn},
    edge::{
        client_address::ClientAddress, failure::FailureResponse, json::JsonBody,
        password_permit::PasswordPermit,
    },
};

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
