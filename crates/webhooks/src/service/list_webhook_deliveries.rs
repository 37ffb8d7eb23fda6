//! Lists the newest attempts of a webhook.

use mayfly_types::{AttemptId, OwnerAccess, WebhookEventId, WebhookId};

use super::Webhooks;
use crate::{
    error::Error,
    store::{attempts, entities::webhook_attempt, webhooks},
};

const LISTED: u64 = 20;

/// An attempt to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The attempt.
    pub id: AttemptId,
    /// The event.
    pub event_id: WebhookEventId,
    /// The number of the attempt, from 1.
    pub attempt: i32,
    /// The HTTP status of the response.
    pub status_code: Option<i32>,
    /// Why there was no response.
    pub error: Option<String>,
    /// The duration of the exchange.
    pub duration_ms: i64,
    /// When it started.
    pub created_at_ms: i64,
}

impl From<webhook_attempt::Model> for Attempt {
    fn from(row: webhook_attempt::Model) -> Self {
        Self {
            id: row.id,
            event_id: row.event_id,
            attempt: row.attempt,
            status_code: row.status_code,
            error: row.error,
            duration_ms: row.duration_ms,
            created_at_ms: row.created_at_ms,
        }
    }
}

impl Webhooks {
    /// Lists a webhook's newest attempts, newest first.
    ///
    /// # Errors
    /// `NotFound` when the Pro user has no such webhook.
    #[tracing::instrument(name = "webhooks.list_webhook_deliveries", level = "debug", skip_all)]
    pub async fn list_webhook_deliveries(
        &self,
        owner: OwnerAccess,
        webhook: WebhookId,
    ) -> Result<Vec<Attempt>, Error> {
        let listed = self.store.read("list_webhook_deliveries", |c| {
            Box::pin(async move {
                webhooks::find(c, &owner, webhook).await?.ok_or(Error::NotFound)?;
                Ok(attempts::list_newest(c, webhook, LISTED).await?)
            })
        });
        Ok(listed.await?.into_iter().map(Attempt::from).collect())
    }
}
