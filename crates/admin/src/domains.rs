//! System domains.

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
};
use mayfly_proto::mailbox::{ListSystemDomainsRequest, SetDomainAcceptingRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Services,
    failure::{Body, Rejection},
    guard::Operator,
};

/// `GET /domains`
pub(crate) async fn list(State(mut services): State<Services>) -> Result<Json<Value>, Rejection> {
    let listed = services.mailbox.list_system_domains(ListSystemDomainsRequest {});
    let domains = listed.await?.into_inner().domains;
    let domains: Vec<Value> = domains
        .into_iter()
        .map(|domain| {
            json!({
                "domain": domain.domain,
                "listed": domain.listed,
                "accepting": domain.accepting,
                "accounts": domain.mailboxes,
            })
        })
        .collect();
    Ok(Json(json!({"domains": domains})))
}

/// The body of a change.
#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    accepting: bool,
}

/// `PUT /domains/{domain}`
pub(crate) async fn set_accepting(
    State(mut services): State<Services>,
    Extension(Operator(operator)): Extension<Operator>,
    Path(domain): Path<String>,
    Body(change): Body<Change>,
) -> Result<StatusCode, Rejection> {
    let request = SetDomainAcceptingRequest {
        domain,
        accepting: change.accepting,
        operator: operator.to_string(),
    };
    services.mailbox.set_domain_accepting(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
