//! `POST /pro/api/register`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::auth::RegisterUserRequest;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    error::ApiError,
    json::JsonBody,
    state::{Gateway, hash_request},
    views::pro::ProSignedIn,
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
    responses((status = 201, body = ProSignedIn)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    JsonBody(body): JsonBody<EmailAndPassword>,
) -> Result<(StatusCode, Json<ProSignedIn>), ApiError> {
    let request = RegisterUserRequest {
        email: body.email,
        password: body.password.into(),
    };
    let user = gateway
        .auth()
        .register_user(hash_request(request))
        .await?
        .into_inner();
    Ok((
        StatusCode::CREATED,
        Json(ProSignedIn {
            user_id: user.user_id,
            email: user.email,
            token: user.token,
        }),
    ))
}
