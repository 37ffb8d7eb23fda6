//! System domains.

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
};
use mayfly_proto::mailbox::{ListSystemDomainsRequest, SetDomainRequest};
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
                "pro_only": domain.pro_only,
                "accounts": domain.mailboxes,
            })
        })
        .collect();
    Ok(Json(json!({"domains": domains})))
}

/// The body of a change. What is absent stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    accepting: Option<bool>,
    pro_only: Option<bool>,
}

/// `PUT /domains/{domain}`
pub(crate) async fn set(
    State(mut services): State<Services>,
    Extension(Operator(operator)): Extension<Operator>,
    Path(domain): Path<String>,
    Body(change): Body<Change>,
) -> Result<StatusCode, Rejection> {
    let request = SetDomainRequest {
        domain,
        accepting: change.accepting,
        pro_only: change.pro_only,
        operator: operator.to_string(),
    };
    services.mailbox.set_domain(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
