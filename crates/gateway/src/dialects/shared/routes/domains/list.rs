//! `GET /pro/api/domains`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListCustomDomainsRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::domain::{OwnDomain, OwnDomainList},
    edge::auth::{ProPrincipal, needs::DomainsRead},
    edge::failure::FailureResponse,
};

/// Lists the user's own domains, oldest first.
#[utoipa::path(get, path = "/domains", tag = "pro", operation_id = "list_own_domains", security(("pro" = ["domains:read"])),
    responses((status = 200, body = OwnDomainList, description = "The domains"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<DomainsRead>,
) -> Result<Json<OwnDomainList>, FailureResponse> {
    let (user_id, limited_owner) = principal.owner().into_fields();
    let request = ListCustomDomainsRequest {
        user_id,
        limited_owner,
    };
    let answer = app.mailbox().list_custom_domains(request).await?.into_inner();
    let shape = |domain| OwnDomain::new(domain, &answer.mx_hostname);
    Ok(Json(OwnDomainList {
        domains: answer.domains.into_iter().map(shape).collect(),
    }))
}
