//! Statistics and the audit log.

use axum::{Json, extract::State};
use mayfly_proto::{
    auth::{GetAuthStatisticsRequest, ListAuthAuditRequest},
    mailbox::{GetStatisticsRequest, ListMailboxAuditRequest},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Services,
    failure::{Parameters, Rejection},
};

/// `GET /statistics`
pub(crate) async fn statistics(State(mut services): State<Services>) -> Result<Json<Value>, Rejection> {
    let mailbox = services.mailbox.get_statistics(GetStatisticsRequest {});
    let auth = services.auth.get_auth_statistics(GetAuthStatisticsRequest {});
    let (mailbox, auth) = tokio::try_join!(mailbox, auth)?;
    let (counted, users) = (mailbox.into_inner(), auth.into_inner());
    Ok(Json(json!({
        "users": users.users,
        "suspended_users": users.suspended_users,
        "tokens": users.tokens,
        "active_accounts": counted.active_mailboxes,
        "suspended_accounts": counted.suspended_mailboxes,
        "messages": counted.messages,
        "message_bytes": counted.message_bytes,
        "custom_domains": counted.custom_domains,
        "system_domains": counted.system_domains,
        "accepting_domains": counted.accepting_domains,
        "webhooks": counted.webhooks,
        "paused_webhooks": counted.paused_webhooks,
        "pending_webhook_events": counted.pending_webhook_events,
        "blocks": counted.blocks,
    })))
}

/// How many entries.
#[derive(Debug, Deserialize)]
pub(crate) struct Limit {
    limit: Option<u32>,
}

/// `GET /audit`: the entries of both services, newest first.
pub(crate) async fn audit(
    State(mut services): State<Services>,
    Parameters(limit): Parameters<Limit>,
) -> Result<Json<Value>, Rejection> {
    let limit = limit.limit.unwrap_or(100);
    let mailbox = services
        .mailbox
        .list_mailbox_audit(ListMailboxAuditRequest { limit });
    let auth = services.auth.list_auth_audit(ListAuthAuditRequest { limit });
    let (mailbox, auth) = tokio::try_join!(mailbox, auth)?;
    let mailbox = mailbox.into_inner().entries.into_iter();
    let mailbox = mailbox.map(|e| (e.at, e.operator, e.action, e.subject, e.detail));
    let auth = auth.into_inner().entries.into_iter();
    let auth = auth.map(|e| (e.at, e.operator, e.action, e.subject, e.detail));
    let mut entries: Vec<_> = mailbox.chain(auth).collect();
    entries.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    entries.truncate(limit as usize);
    let entries: Vec<Value> = entries
        .into_iter()
        .map(|(at, operator, action, subject, detail)| {
            json!({"at": at, "operator": operator, "action": action, "subject": subject, "detail": detail})
        })
        .collect();
    Ok(Json(json!({"entries": entries})))
}
