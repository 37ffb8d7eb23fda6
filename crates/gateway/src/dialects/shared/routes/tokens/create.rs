//! `POST /pro/api/tokens`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::auth::CreateProTokenRequest;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::shared::responses;
use crate::{
    app::App, dialects::shared::views::pro::NewToken, edge::auth::ProPrincipal,
    edge::failure::FailureResponse, edge::idempotency_key::IdempotencyKey, edge::json::JsonBody,
};

/// What a token is for.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TokenName {
    /// 1 to 100 characters, not all blank, none of them a control character.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: String,
}

/// Creates an API token. Its value is in this answer and nowhere else.
#[utoipa::path(post, path = "/tokens", tag = "pro", operation_id = "create_pro_token", security(("pro" = [])),
    params(IdempotencyKey), request_body = TokenName, responses((status = 201, body = NewToken, description = "The token"), responses::JsonBody, responses::Bearer, responses::NewToken, responses::Idempotent, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    JsonBody(body): JsonBody<TokenName>,
) -> Result<(StatusCode, Json<NewToken>), FailureResponse> {
    let request = CreateProTokenRequest {
        user_id: principal.user_id,
        name: body.name,
        idempotency_key,
    };
    let token = app.auth().create_pro_token(request).await?.into_inner();
    Ok((StatusCode::CREATED, Json(token.into())))
}
