//! `POST /pro/api/domains`

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::domain::AddedDomain,
    edge::auth::{ProPrincipal, needs::DomainsWrite},
    edge::failure::FailureResponse,
    edge::idempotency_key::IdempotencyKey,
    edge::json::JsonBody,
};

/// Which domain it is.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NamedDomain {
    /// In any case, Unicode or not.
    domain: String,
}

/// Adds a domain of one's own; it waits seven days for its verification.
#[utoipa::path(post, path = "/domains", tag = "pro", operation_id = "add_domain", security(("pro" = ["domains:write"])),
    params(IdempotencyKey), request_body = NamedDomain, responses((status = 201, body = AddedDomain, description = "The domain, and the DNS records that it needs"), responses::JsonBody, responses::Bearer, responses::NewDomain, responses::OutsideLimits, responses::Idempotent, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<DomainsWrite>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    JsonBody(body): JsonBody<NamedDomain>,
) -> Result<(StatusCode, Json<AddedDomain>), FailureResponse> {
    let answer = app
        .add_domain(principal.owner(), body.domain, idempotency_key)
        .await?;
    Ok((StatusCode::CREATED, Json(answer.into())))
}
