//! `POST /pro/api/login`

use axum::{Json, extract::State};
use mayfly_proto::auth::SignInUserRequest;

use crate::{
    client_address::ClientAddress,
    error::ApiError,
    json::JsonBody,
    routes::pro::register::EmailAndPassword,
    state::{Gateway, hash_request},
    views::pro::ProSignedIn,
};

/// Signs in as a Pro user.
#[utoipa::path(post, path = "/login", tag = "pro", operation_id = "login", request_body = EmailAndPassword,
    responses((status = 200, body = ProSignedIn)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    client: ClientAddress,
    JsonBody(body): JsonBody<EmailAndPassword>,
) -> Result<Json<ProSignedIn>, ApiError> {
    let attempt = gateway
        .sign_in_limit
        .begin(&format!("pro {}", body.email.trim()), client)
        .await?;
    let request = SignInUserRequest {
        email: body.email,
        password: body.password.into(),
    };
    let user = gateway
        .auth()
        .sign_in_user(hash_request(request))
        .await?
        .into_inner();
    attempt.succeeded().await;
    Ok(Json(ProSignedIn {
        user_id: user.user_id,
        email: user.email,
        token: user.token,
    }))
}
