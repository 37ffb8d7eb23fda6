//! `POST /pro/api/tokens`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::auth::CreateProTokenRequest;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::token::{Expiry, NewToken, ScopeList, WantedLimits},
    edge::{
        auth::{ProPrincipal, needs::Tokens},
        client_address::ClientAddress,
        failure::FailureResponse,
        idempotency_key::IdempotencyKey,
        json::JsonBody,
    },
};

/// What a token is for. With a name alone it may do whatever its user may.
#[derive(Deserialize, ToSchema)]
pub(crate) struct WantedToken {
    /// 1 to 100 characters, not all blank, none of them a control character.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    /// What it may do; null or absent is everything.
    #[schema(value_type = Option<Vec<String>>, example = json!(["messages:read"]))]
    scopes: Option<ScopeList>,
    /// What it may act on; null or absent is everything of the user.
    limits: Option<WantedLimits>,
    /// When it ends, from 1 minute to 366 days ahead; null or absent is never, unless the operator bounds the life of tokens.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Expiry>,
}

/// Creates an API token. Its value is in this answer and nowhere else.
#[utoipa::path(post, path = "/tokens", tag = "pro", operation_id = "create_pro_token", security(("pro" = [])),
    params(IdempotencyKey), request_body = WantedToken, responses((status = 201, body = NewToken, description = "The token"), responses::JsonBody, responses::Bearer, responses::NewToken, responses::Idempotent, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<Tokens>,
    client: ClientAddress,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    JsonBody(body): JsonBody<WantedToken>,
) -> Result<(StatusCode, Json<NewToken>), FailureResponse> {
    let request = CreateProTokenRequest {
        actor: Some(principal.pro.actor(client.0)),
        user_id: principal.pro.user_id,
        name: body.name,
        idempotency_key,
        scopes: body.scopes.map(|scopes| scopes.bits()),
        limits: body.limits.map(Into::into),
        expires_at: body.expires_at.map(|expiry| expiry.0),
    };
    let token = app.auth().create_pro_token(request).await?.into_inner();
    Ok((StatusCode::CREATED, Json(token.into())))
}
