//! `POST /pro/api/tokens/{id}/rotate`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::auth::RotateProTokenRequest;
use mayfly_rpc::Failure;
use mayfly_runtime::config::ConfigDuration;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::token::{Expiry, NewToken},
    edge::{
        auth::{ProPrincipal, needs::Tokens},
        client_address::ClientAddress,
        failure::FailureResponse,
        idempotency_key::IdempotencyKey,
        json::OptionalJsonBody,
        segments::Segments,
    },
};

/// How a token is replaced. An empty body is one without fields.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Rotation {
    /// How long the old token stays valid, such as `30m`, `24h` or `7d`, at most `366d`; absent or null: it is revoked.
    overlap: Option<String>,
    /// When the new token ends; absent or null: it lives as long as the old one was to live.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Expiry>,
}

/// Replaces a token by another with the same name, scopes and limits. What the old one created stays in reach of the new one.
#[utoipa::path(post, path = "/tokens/{id}/rotate", tag = "pro", operation_id = "rotate_token", security(("pro" = [])),
    params(("id" = String, Path, description = "The token"), IdempotencyKey), request_body = Option<Rotation>,
    responses((status = 201, body = NewToken, description = "The new token"), responses::JsonBody, responses::Bearer, responses::NewToken, responses::Missing, responses::Idempotent, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<Tokens>,
    client: ClientAddress,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    Segments(token_id): Segments<String>,
    OptionalJsonBody(body): OptionalJsonBody<Rotation>,
) -> Result<(StatusCode, Json<NewToken>), FailureResponse> {
    let request = RotateProTokenRequest {
        actor: Some(principal.pro.actor(client.0)),
        user_id: principal.pro.user_id,
        token_id,
        overlap_secs: overlap_secs(body.overlap.as_deref())?,
        expires_at: body.expires_at.map(|expiry| expiry.0),
        idempotency_key,
    };
    let token = app.auth().rotate_pro_token(request).await?.into_inner();
    Ok((StatusCode::CREATED, Json(token.into())))
}

fn overlap_secs(overlap: Option<&str>) -> Result<i64, Failure> {
    let Some(overlap) = overlap else { return Ok(0) };
    let invalid = || Failure::invalid_request("overlap: must be a duration from 0s to 366d, such as 24h");
    let duration: ConfigDuration = overlap.parse().map_err(|_| invalid())?;
    i64::try_from(duration.0.as_secs()).map_err(|_| invalid())
}
