//! `GET /pro/api/domains`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListCustomDomainsRequest;

use crate::{
    auth::ProPrincipal,
    error::ApiError,
    state::Gateway,
    views::domain::{OwnDomain, OwnDomainList},
};

/// Lists the user's own domains, oldest first.
#[utoipa::path(get, path = "/domains", tag = "pro", operation_id = "list_own_domains", security(("pro" = [])),
    responses((status = 200, body = OwnDomainList)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
) -> Result<Json<OwnDomainList>, ApiError> {
    let request = ListCustomDomainsRequest {
        user_id: principal.user_id,
    };
    let answer = gateway.mailbox().list_custom_domains(request).await?.into_inner();
    let shape = |domain| OwnDomain::new(domain, &answer.mx_hostname);
    Ok(Json(OwnDomainList {
        domains: answer.domains.into_iter().map(shape).collect(),
    }))
}
