//! Webhooks of Pro users.

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
};
use mayfly_proto::mailbox::{
    ListOperatedWebhooksRequest, OperatedWebhook, SetWebhookPausedRequest, WebhookStatus,
};
use serde_json::{Value, json};

use crate::{
    Services,
    failure::{Body, Rejection},
    guard::Operator,
    users::Suspension,
};

/// `GET /users/{id}/webhooks`
pub(crate) async fn list(
    State(mut services): State<Services>,
    Path(owner_user_id): Path<String>,
) -> Result<Json<Value>, Rejection> {
    let request = ListOperatedWebhooksRequest { owner_user_id };
    let listed = services.mailbox.list_operated_webhooks(request).await?;
    let webhooks: Vec<Value> = listed.into_inner().webhooks.into_iter().map(webhook).collect();
    Ok(Json(json!({"webhooks": webhooks})))
}

fn webhook(operated: OperatedWebhook) -> Value {
    let webhook = operated.webhook.unwrap_or_default();
    let status = match webhook.status() {
        WebhookStatus::Paused => "paused",
        WebhookStatus::Failed => "failed",
        WebhookStatus::Active | WebhookStatus::Unspecified => "active",
    };
    json!({
        "id": webhook.webhook_id,
        "url": webhook.url,
        "filter": webhook.filter,
        "status": status,
        "failure_count": webhook.failure_count,
        "pending_events": operated.pending_events,
        "paused_at": operated.paused_at,
        "last_triggered_at": webhook.last_triggered_at,
        "created_at": webhook.created_at,
    })
}

/// `POST /webhooks/{id}/pause`
pub(crate) async fn pause(
    State(services): State<Services>,
    Extension(operator): Extension<Operator>,
    Path(id): Path<String>,
    Body(suspension): Body<Suspension>,
) -> Result<StatusCode, Rejection> {
    set_paused(services, operator, id, true, suspension.reason).await
}

/// `POST /webhooks/{id}/resume`
pub(crate) async fn resume(
    State(services): State<Services>,
    Extension(operator): Extension<Operator>,
    Path(id): Path<String>,
) -> Result<StatusCode, Rejection> {
    set_paused(services, operator, id, false, String::new()).await
}

async fn set_paused(
    mut services: Services,
    Operator(operator): Operator,
    webhook_id: String,
    paused: bool,
    reason: String,
) -> Result<StatusCode, Rejection> {
    let request = SetWebhookPausedRequest {
        webhook_id,
        paused,
        reason,
        operator: operator.to_string(),
    };
    services.mailbox.set_webhook_paused(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
