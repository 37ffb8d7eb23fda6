//! `GET /api/domains`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListDomainsRequest;

use crate::{error::ApiError, state::Gateway, views::account::DomainList};

/// Lists the domains that mailboxes can be made on.
#[utoipa::path(get, path = "/domains", tag = "mailbox", operation_id = "list_domains",
    responses((status = 200, body = DomainList)))]
pub(crate) async fn handle(State(gateway): State<Gateway>) -> Result<Json<DomainList>, ApiError> {
    let answer = gateway
        .mailbox()
        .list_domains(ListDomainsRequest {})
        .await?
        .into_inner();
    Ok(Json(DomainList {
        domains: answer.domains.into_iter().map(Into::into).collect(),
    }))
}
