//! Mailboxes, which the API calls accounts.

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
};
use mayfly_proto::mailbox::{
    AdminMailbox, DeleteMailboxByOperatorRequest, FindMailboxesRequest, SetSuspendedRequest,
    find_mailboxes_request::By, set_suspended_request::Target,
};
use mayfly_rpc::Failure;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Services,
    failure::{Body, Parameters, Rejection},
    guard::Operator,
    users::Suspension,
};

/// What is known of the mailboxes: exactly one of the four.
#[derive(Debug, Deserialize)]
pub(crate) struct Known {
    id: Option<String>,
    address: Option<String>,
    user: Option<String>,
    domain: Option<String>,
    limit: Option<u32>,
}

/// `GET /accounts`
pub(crate) async fn find(
    State(mut services): State<Services>,
    Parameters(known): Parameters<Known>,
) -> Result<Json<Value>, Rejection> {
    let limit = known.limit.unwrap_or(100);
    let by = [
        known.id.map(By::AccountId),
        known.address.map(By::Address),
        known.user.map(By::OwnerUserId),
        known.domain.map(By::Domain),
    ];
    let mut by = by.into_iter().flatten();
    let (Some(by), None) = (by.next(), by.next()) else {
        let message = "name one of id, address, user and domain";
        return Err(Rejection(Failure::invalid_request(message)));
    };
    let request = FindMailboxesRequest { by: Some(by), limit };
    let found = services.mailbox.find_mailboxes(request).await?.into_inner();
    let accounts: Vec<Value> = found.mailboxes.into_iter().map(account).collect();
    Ok(Json(json!({"accounts": accounts})))
}

/// Returns the JSON of a mailbox.
pub(crate) fn account(found: AdminMailbox) -> Value {
    let mailbox = found.mailbox.unwrap_or_default();
    json!({
        "id": mailbox.account_id,
        "address": mailbox.address,
        "user_id": mailbox.owner_user_id,
        "state": found.state,
        "used_bytes": mailbox.used_bytes,
        "quota_bytes": mailbox.quota_bytes,
        "created_at": mailbox.created_at,
        "last_active_at": found.last_active_at,
    })
}

/// `POST /accounts/{id}/suspend`
pub(crate) async fn suspend(
    State(services): State<Services>,
    Extension(operator): Extension<Operator>,
    Path(id): Path<String>,
    Body(suspension): Body<Suspension>,
) -> Result<StatusCode, Rejection> {
    set_suspended(services, operator, id, true, suspension.reason).await
}

/// `POST /accounts/{id}/resume`
pub(crate) async fn resume(
    State(services): State<Services>,
    Extension(operator): Extension<Operator>,
    Path(id): Path<String>,
) -> Result<StatusCode, Rejection> {
    set_suspended(services, operator, id, false, String::new()).await
}

async fn set_suspended(
    mut services: Services,
    Operator(operator): Operator,
    account_id: String,
    suspended: bool,
    reason: String,
) -> Result<StatusCode, Rejection> {
    let request = SetSuspendedRequest {
        target: Some(Target::AccountId(account_id)),
        suspended,
        reason,
        operator: operator.to_string(),
    };
    services.mailbox.set_suspended(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /accounts/{id}`
pub(crate) async fn delete(
    State(mut services): State<Services>,
    Extension(Operator(operator)): Extension<Operator>,
    Path(account_id): Path<String>,
) -> Result<StatusCode, Rejection> {
    let request = DeleteMailboxByOperatorRequest {
        account_id,
        operator: operator.to_string(),
    };
    services.mailbox.delete_mailbox_by_operator(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
