//! Lists a Pro user's webhooks.

use mayfly_database::DbErr;
use mayfly_types::{OwnerAccess, WebhookId};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

use super::Webhooks;
use crate::{
    error::Error,
    retry_schedule::gives_up_at_ms,
    store::{
        entities::webhook::{Model, State},
        events, webhooks,
    },
};

/// A webhook as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// The webhook.
    pub id: WebhookId,
    /// The target.
    pub url: String,
    /// The query that a message must fulfil; empty without one.
    #[serde(default)]
    pub filter: String,
    /// Whether events are delivered.
    pub status: WebhookStatus,
    /// Failed attempts since the last success.
    pub failure_count: i32,
    /// When an outcome was last recorded.
    pub last_triggered_at_ms: Option<i64>,
    /// When it was created.
    pub created_at_ms: i64,
    /// The estimated time at which it fails if its receiver continues to fail.
    pub gives_up_at_ms: Option<i64>,
}

/// Whether a webhook's events are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WebhookStatus {
    /// They are.
    Active,
    /// They are kept, and delivered once the secret is rotated.
    Failed,
    /// They are kept, and delivered once an operator resumes the webhook or its owner.
    Paused,
}

impl Webhook {
    pub(crate) fn new(row: Model, gives_up_at_ms: Option<i64>) -> Self {
        Self {
            id: row.id,
            url: row.url,
            filter: row.filter.unwrap_or_default(),
            status: match (row.state, row.paused_at_ms.or(row.suspended_at_ms)) {
                (_, Some(_)) => WebhookStatus::Paused,
                (State::Active, None) => WebhookStatus::Active,
                (State::Failed, None) => WebhookStatus::Failed,
            },
            failure_count: row.failure_count,
            last_triggered_at_ms: row.last_triggered_at_ms,
            created_at_ms: row.created_at_ms,
            gives_up_at_ms,
        }
    }
}

/// Estimates when a webhook fails if its receiver continues to fail.
pub(crate) async fn find_gives_up_at(
    c: &impl ConnectionTrait,
    webhook: &Model,
) -> Result<Option<i64>, DbErr> {
    let most_tried = match (webhook.state, webhook.paused_at_ms) {
        (State::Active, None) => events::find_most_tried(c, webhook.id).await?,
        _ => None,
    };
    Ok(most_tried.and_then(|event| Some(gives_up_at_ms(event.attempts, event.next_attempt_at_ms?))))
}

impl Webhooks {
    /// Lists a Pro user's webhooks, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    #[tracing::instrument(name = "webhooks.list_webhooks", level = "debug", skip_all)]
    pub async fn list_webhooks(&self, owner: OwnerAccess) -> Result<Vec<Webhook>, Error> {
        self.store
            .read("list_webhooks", |c| {
                Box::pin(async move {
                    let mut listed = Vec::new();
                    for webhook in webhooks::list(c, &owner).await? {
                        let gives_up_at = find_gives_up_at(c, &webhook).await?;
                        listed.push(Webhook::new(webhook, gives_up_at));
                    }
                    Ok(listed)
                })
            })
            .await
    }
}
