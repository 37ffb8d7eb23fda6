//! Webhooks and their deliveries.

use mayfly_proto::mailbox::{self, WebhookStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::timestamp;

/// An event that a webhook can be called for, for the document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) enum EventType {
    #[schema(rename = "email.received")]
    EmailReceived,
}

/// A webhook, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Webhook {
    #[schema(format = Uuid)]
    id: String,
    url: String,
    events: Vec<String>,
    /// The query that a message must fulfil, if the webhook has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    filter: String,
    /// `active`, `failed`, or `paused` by an operator.
    status: &'static str,
    failure_count: i32,
    #[schema(required, format = DateTime)]
    last_triggered_at: Option<String>,
    /// The approximate time at which it becomes `failed` if the receiver keeps failing; null without a pending retry.
    #[schema(required, format = DateTime)]
    gives_up_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<mailbox::Webhook> for Webhook {
    fn from(webhook: mailbox::Webhook) -> Self {
        let status = match webhook.status() {
            WebhookStatus::Failed => "failed",
            WebhookStatus::Paused => "paused",
            WebhookStatus::Active | WebhookStatus::Unspecified => "active",
        };
        Self {
            id: webhook.webhook_id,
            url: webhook.url,
            events: webhook.events,
            filter: webhook.filter,
            status,
            failure_count: webhook.failure_count,
            last_triggered_at: webhook.last_triggered_at.map(timestamp),
            gives_up_at: webhook.gives_up_at.map(timestamp),
            created_at: timestamp(webhook.created_at),
        }
    }
}

/// Every webhook of the user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookList {
    pub(crate) webhooks: Vec<Webhook>,
}

/// A new webhook. Its secret is shown here and never again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewWebhook {
    #[serde(flatten)]
    pub(crate) webhook: Webhook,
    pub(crate) secret: String,
}

/// The new secret of a webhook, shown here and never again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RotatedSecret {
    #[schema(format = Uuid)]
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// A delivery attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivery {
    #[schema(format = Uuid)]
    id: String,
    event_type: String,
    event_id: String,
    #[schema(required)]
    status_code: Option<u32>,
    #[schema(required)]
    error: Option<String>,
    attempt: i32,
    #[schema(required)]
    duration_ms: Option<i64>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<mailbox::WebhookDelivery> for Delivery {
    fn from(delivery: mailbox::WebhookDelivery) -> Self {
        Self {
            id: delivery.delivery_id,
            event_type: delivery.event_type,
            event_id: delivery.event_id,
            status_code: delivery.status_code,
            error: delivery.error,
            attempt: delivery.attempt,
            duration_ms: delivery.duration_ms,
            created_at: timestamp(delivery.created_at),
        }
    }
}

/// The newest attempts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryList {
    pub(crate) deliveries: Vec<Delivery>,
}

/// A queued event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueuedEvent {
    pub(crate) event_id: String,
}
