//! `POST /pro/api/domains`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::mailbox::AddDomainRequest;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    auth::ProPrincipal, error::ApiError, json::JsonBody, state::Gateway, views::domain::AddedDomain,
};

/// Which domain it is.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NamedDomain {
    /// In any case, Unicode or not.
    domain: String,
}

/// Adds a domain of one's own; it waits seven days for its verification.
#[utoipa::path(post, path = "/domains", tag = "pro", operation_id = "add_domain", security(("pro" = [])),
    request_body = NamedDomain, responses((status = 201, body = AddedDomain)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
    JsonBody(body): JsonBody<NamedDomain>,
) -> Result<(StatusCode, Json<AddedDomain>), ApiError> {
    let request = AddDomainRequest {
        user_id: principal.user_id,
        domain: body.domain,
    };
    let answer = gateway.mailbox().add_domain(request).await?.into_inner();
    Ok((StatusCode::CREATED, Json(answer.into())))
}
