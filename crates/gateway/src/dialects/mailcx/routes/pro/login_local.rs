//! `POST /pro/api/login/local`

use axum::{Json, extract::State};
use mayfly_proto::auth::SignInLocalUserRequest;
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};

use crate::dialects::shared::responses;
use crate::{app::App, dialects::shared::views::pro::ProSignedIn, edge::failure::FailureResponse};

/// Signs in the built-in user of an open server (`smtp.sandbox=open`) that serves this machine only. Elsewhere there is nothing here.
#[utoipa::path(post, path = "/login/local", tag = "pro", operation_id = "login_local_user",
    responses((status = 200, body = ProSignedIn, description = "The user and a Pro JWT"), responses::Missing, responses::Always))]
pub(crate) async fn handle(State(app): State<App>) -> Result<Json<ProSignedIn>, FailureResponse> {
    if !app.submission.is_local_user {
        return Err(Failure::new(
            ErrorCode::NotFound,
            Reason::NotFound,
            "this server has no such user",
        )
        .into());
    }
    let user = app
        .auth()
        .sign_in_local_user(SignInLocalUserRequest {})
        .await?
        .into_inner();
    Ok(Json(ProSignedIn {
        user_id: user.user_id,
        email: user.email,
        token: user.token,
    }))
}
