//! `GET /domains`

use axum::{extract::State, response::Response};
use mayfly_proto::mailbox::{ListCustomDomainsRequest, ListDomainsRequest};
use mayfly_rpc::Failure;

use crate::dialects::mailtm::responses::{self, DomainPage};
use crate::{
    app::App,
    dialects::mailtm::{
        accept::Format,
        views::{
            domain::Domain,
            node::{self, Listed, PAGE_SIZE},
        },
    },
    edge::{
        auth::{MaybeProToken, ProPrincipal, needs::DomainsRead},
        failure::FailureResponse,
        page::Page,
    },
};

/// Lists the domains that mailboxes can be made on; with a Pro API token also the verified domains of its user.
#[utoipa::path(get, path = "/domains", tag = "domains", operation_id = "list_domains", security((), ("pro" = ["domains:read"])),
    params(("page" = Option<String>, Query, description = "From 1; anything else is 1")),
    responses(DomainPage, responses::MaybeBearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    MaybeProToken(pro): MaybeProToken<DomainsRead>,
    format: Format,
    Page(page): Page,
) -> Result<Response, FailureResponse> {
    let domains = domains(&app, pro).await?;
    let total = i64::try_from(domains.len()).unwrap_or(i64::MAX);
    let first = u64::from(page - 1) * u64::from(PAGE_SIZE);
    let first = usize::try_from(first).unwrap_or(usize::MAX);
    let listed = Listed {
        path: "/domains",
        members: domains.into_iter().skip(first).take(PAGE_SIZE as usize).collect(),
        total,
        page,
    };
    Ok(node::collection(format, &listed))
}

/// Returns the domains that a caller can make mailboxes on, in their order.
pub(super) async fn domains(
    app: &App,
    pro: Option<ProPrincipal<DomainsRead>>,
) -> Result<Vec<Domain>, Failure> {
    let answer = app.mailbox().list_domains(ListDomainsRequest {}).await?;
    let system = answer.into_inner().domains.into_iter();
    let mut domains: Vec<Domain> = system.filter(|domain| !domain.pro_only).map(Into::into).collect();
    if let Some(pro) = pro {
        let (user_id, limited_owner) = pro.owner().into_fields();
        let request = ListCustomDomainsRequest {
            user_id,
            limited_owner,
        };
        let answer = app.mailbox().list_custom_domains(request).await?;
        let custom = answer.into_inner().domains.into_iter();
        let verified = custom.filter(|domain| domain.verified_at.is_some());
        domains.extend(verified.map(Into::into));
    }
    Ok(domains)
}
