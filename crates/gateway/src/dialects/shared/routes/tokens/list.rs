//! `GET /pro/api/tokens`

use axum::{Json, extract::State};
use mayfly_proto::auth::ListProTokensRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::token::TokenList,
    edge::auth::{ProPrincipal, needs::Tokens},
    edge::failure::FailureResponse,
};

/// Lists the user's API tokens, revoked ones too, without their values.
#[utoipa::path(get, path = "/tokens", tag = "pro", operation_id = "list_tokens", security(("pro" = [])),
    responses((status = 200, body = TokenList, description = "The tokens"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<Tokens>,
) -> Result<Json<TokenList>, FailureResponse> {
    let request = ListProTokensRequest {
        user_id: principal.pro.user_id,
    };
    let answer = app.auth().list_pro_tokens(request).await?.into_inner();
    Ok(Json(TokenList {
        tokens: answer.tokens.into_iter().map(Into::into).collect(),
    }))
}
