//! `GET /api/domains`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListDomainsRequest;

use crate::dialects::shared::responses;
use crate::{app::App, dialects::shared::views::account::DomainList, edge::failure::FailureResponse};

/// Lists the domains that mailboxes can be made on.
#[utoipa::path(get, path = "/domains", tag = "mailbox", operation_id = "list_domains",
    responses((status = 200, body = DomainList, description = "The domains"), responses::Always))]
pub(crate) async fn handle(State(app): State<App>) -> Result<Json<DomainList>, FailureResponse> {
    let answer = app
        .mailbox()
        .list_domains(ListDomainsRequest {})
        .await?
        .into_inner();
    Ok(Json(DomainList {
        domains: answer.domains.into_iter().map(Into::into).collect(),
    }))
}
