//! `GET /pro/api/tokens/current`

use axum::{Json, extract::State};
use mayfly_proto::auth::GetProTokenRequest;
use mayfly_rpc::Failure;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::token::Token,
    edge::{
        auth::{ProPrincipal, needs::AnyToken},
        failure::FailureResponse,
    },
};

/// Shows the API token of the request: what it may do, and when it ends. With a Pro JWT there is none.
#[utoipa::path(get, path = "/tokens/current", tag = "pro", operation_id = "get_current_token", security(("pro" = [])),
    responses((status = 200, body = Token, description = "The token"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<AnyToken>,
) -> Result<Json<Token>, FailureResponse> {
    let request = GetProTokenRequest {
        token_id: principal.pro.token_id.ok_or_else(Failure::not_found)?,
        user_id: principal.pro.user_id,
    };
    let found = app.auth().get_pro_token(request).await?.into_inner();
    Ok(Json(found.token.unwrap_or_default().into()))
}
