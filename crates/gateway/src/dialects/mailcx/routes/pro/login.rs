//! `POST /pro/api/login`

use axum::{Json, extract::State};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::pro::{EmailAndPassword, ProSignedIn},
    edge::{
        client_address::ClientAddress, failure::FailureResponse, json::JsonBody,
        password_permit::PasswordPermit,
    },
};

/// Signs in as a Pro user.
#[utoipa::path(post, path = "/login", tag = "pro", operation_id = "login", request_body = EmailAndPassword,
    responses((status = 200, body = ProSignedIn, description = "The Pro user and a token"), responses::JsonBody, responses::Password, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    client: ClientAddress,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<EmailAndPassword>,
) -> Result<Json<ProSignedIn>, FailureResponse> {
    let user = app.sign_in_user(body.email, body.password, client.0).await?;
    Ok(Json(user.into()))
}
