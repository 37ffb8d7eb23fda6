//! `GET /pro/api/tokens`

use axum::{Json, extract::State};
use mayfly_proto::auth::ListProTokensRequest;

use crate::{auth::ProPrincipal, error::ApiError, state::Gateway, views::pro::TokenList};

/// Lists the user's API tokens, revoked ones too, without their values.
#[utoipa::path(get, path = "/tokens", tag = "pro", operation_id = "list_tokens", security(("pro" = [])),
    responses((status = 200, body = TokenList)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
) -> Result<Json<TokenList>, ApiError> {
    let request = ListProTokensRequest {
        user_id: principal.user_id,
    };
    let answer = gateway.auth().list_pro_tokens(request).await?.into_inner();
    Ok(Json(TokenList {
        tokens: answer.tokens.into_iter().map(Into::into).collect(),
    }))
}
