//! What operators do with webhooks.

use mayfly_database::{
    DatabaseTransaction, DbErr,
    audit::{self, Action},
};
use mayfly_types::{UserId, WebhookId, unix_millis};

use super::{Webhooks, list_webhooks::Webhook};
use crate::{
    error::Error,
    store::{events, webhooks},
};

/// A webhook as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatedWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// Events that wait for delivery.
    pub pending_events: u64,
    /// Since when it is paused.
    pub paused_at_ms: Option<i64>,
}

/// How many webhooks there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WebhookCounts {
    /// In any state.
    pub webhooks: u64,
    /// Those that operators pause.
    pub paused: u64,
    /// Events that wait for delivery.
    pub pending_events: u64,
}

/// Suspends the deliveries of a Pro user since a time, or resumes them, in a transaction of the caller. Events are kept;
/// attempts in progress end.
///
/// # Errors
/// When the database fails.
pub async fn set_webhooks_suspended(
    tx: &DatabaseTransaction,
    owner: UserId,
    since_ms: Option<i64>,
) -> Result<(), DbErr> {
    webhooks::set_suspended_of(tx, owner, since_ms).await
}

impl Webhooks {
    /// Lists a Pro user's webhooks with their pending events, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    #[tracing::instrument(name = "webhooks.list_operated_webhooks", level = "debug", skip_all)]
    pub async fn list_operated_webhooks(&self, owner: UserId) -> Result<Vec<OperatedWebhook>, Error> {
        self.store
            .read("list_operated_webhooks", |c| {
                Box::pin(async move {
                    let mut listed = Vec::new();
                    for row in webhooks::list(c, &owner.into()).await? {
                        listed.push(OperatedWebhook {
                            pending_events: events::count_pending_of(c, row.id).await?,
                            paused_at_ms: row.paused_at_ms,
                            webhook: Webhook::new(row, None),
                        });
                    }
                    Ok(listed)
                })
            })
            .await
    }

    /// Pauses or resumes deliveries of a webhook. While it is paused, events are created and kept; attempts in progress end. The
    /// action is recorded in the same transaction.
    ///
    /// # Errors
    /// When there is no such webhook.
    #[tracing::instrument(name = "webhooks.set_webhook_paused", level = "debug", skip_all)]
    pub async fn set_webhook_paused(
        &self,
        id: WebhookId,
        is_paused: bool,
        action: Action,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let paused_at_ms = is_paused.then(|| unix_millis(now));
        self.store
            .write("set_webhook_paused", move |tx| {
                let action = action.clone();
                Box::pin(async move {
                    if !webhooks::set_paused(tx, id, paused_at_ms).await? {
                        return Err(Error::NotFound);
                    }
                    Ok(audit::record(tx, now, &action).await?)
                })
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// Counts webhooks and pending events. It reads whole indexes, so only operators can call it.
    ///
    /// # Errors
    /// When the database fails.
    #[tracing::instrument(name = "webhooks.count_webhooks", level = "debug", skip_all)]
    pub async fn count_webhooks(&self) -> Result<WebhookCounts, Error> {
        self.store
            .read("count_webhooks", |c| {
                Box::pin(async move {
                    let (webhooks, paused) = webhooks::count_all(c).await?;
                    let pending = events::count_pending(c).await?;
                    let pending: i64 = pending.iter().map(|pending| pending.events).sum();
                    Ok(WebhookCounts {
                        webhooks,
                        paused,
                        pending_events: u64::try_from(pending).unwrap_or_default(),
                    })
                })
            })
            .await
    }
}
