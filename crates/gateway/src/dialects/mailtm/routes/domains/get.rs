//! `GET /domains/{id}`

use axum::{extract::State, http::StatusCode, response::Response};
use mayfly_rpc::Failure;

use crate::dialects::mailtm::responses;
use crate::{
    app::App,
    dialects::mailtm::{
        accept::Format,
        views::{domain::Domain, node},
    },
    edge::{
        auth::{MaybeProToken, needs::DomainsRead},
        failure::FailureResponse,
        segments::Segments,
    },
};

/// Returns a domain.
#[utoipa::path(get, path = "/domains/{id}", tag = "domains", operation_id = "get_domain", security((), ("pro" = ["domains:read"])),
    params(("id" = String, Path, description = "The domain")),
    responses((status = 200, description = "The domain", content((Domain = "application/json"), (Domain = "application/ld+json"))), responses::MaybeBearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    MaybeProToken(pro): MaybeProToken<DomainsRead>,
    format: Format,
    Segments(id): Segments<String>,
) -> Result<Response, FailureResponse> {
    let domains = super::list::domains(&app, pro).await?;
    let found = domains.iter().find(|domain| domain.id.eq_ignore_ascii_case(&id));
    let domain = found.ok_or_else(Failure::not_found)?;
    Ok(node::object(format, StatusCode::OK, domain))
}
