//! Retention of events and attempts, the bound of pending events, and the backlog count. The mailbox sweeper calls these under
//! its lease.

use mayfly_database::DatabaseTransaction;
use mayfly_types::{AttemptId, WebhookEventId};
use time::{Duration, OffsetDateTime};

use super::Webhooks;
use crate::{
    error::Error,
    secret::OLD_SECRET_VALIDITY,
    store::{attempts, events, millis, webhooks},
};

/// How long after a rotation a webhook may have too many pending events.
const CATCH_UP: Duration = Duration::hours(1);

/// A kind of rows to sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Events and attempts from before a time: none is kept longer than mail.
    OlderThan(OffsetDateTime),
    /// Events and attempts of deleted webhooks.
    Deleted,
    /// Webhooks with too many pending events, which fail. This is not checked when events are inserted: it would cost every
    /// message a count or a lock. The rate of mail bounds what arrives between two sweeps.
    Overfull,
}

impl Webhooks {
    /// Sweeps one batch. Returns how many rows it changed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&self, sweep: Sweep, batch: u64) -> Result<u64, Error> {
        match sweep {
            Sweep::OlderThan(oldest) => {
                let (event, attempt) = (WebhookEventId::floor(oldest), AttemptId::floor(oldest));
                let swept = self.store.write("sweep_webhook_events", move |tx| {
                    Box::pin(async move {
                        let removed = events::remove_before(tx, event, batch).await?;
                        Ok(removed + attempts::remove_before(tx, attempt, batch).await?)
                    })
                });
                swept.await
            }
            Sweep::Deleted => {
                let swept = self.store.write("sweep_removed_webhooks", move |tx| {
                    Box::pin(remove_deleted(tx, batch))
                });
                swept.await
            }
            Sweep::Overfull => self.fail_overfull().await,
        }
    }

    /// Sets webhooks with too many pending events to failed, so that no more are kept for them. After a rotation a webhook has
    /// [`CATCH_UP`] to deliver them.
    async fn fail_overfull(&self) -> Result<u64, Error> {
        let max = u64::from(self.limits.max_pending_events);
        let old_until_ms = millis(self.clock.now() + OLD_SECRET_VALIDITY - CATCH_UP);
        let failed = self.store.write("fail_overfull_webhooks", move |tx| {
            Box::pin(async move {
                let overfull = webhooks::list_overfull(tx, max, old_until_ms).await?;
                if !overfull.is_empty() {
                    webhooks::fail(tx, &overfull).await?;
                }
                Ok(u64::try_from(overfull.len()).unwrap_or(u64::MAX))
            })
        });
        failed.await
    }

    /// Counts pending events and reports them as this process's gauges.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn report_backlog(&self) -> Result<(), Error> {
        let counted = self.store.read("count_pending_webhook_events", |c| {
            Box::pin(async move { Ok(events::count_pending(c).await?) })
        });
        let pending = counted.await?;
        self.backlog.set(Some((pending, millis(self.clock.now()))));
        Ok(())
    }

    /// Stops reporting the backlog: another process counts.
    pub fn clear_backlog(&self) {
        self.backlog.set(None);
    }
}

/// Removes a batch of one deleted webhook's rows, and forgets the webhook after the last one.
async fn remove_deleted(tx: &DatabaseTransaction, batch: u64) -> Result<u64, Error> {
    let Some(webhook) = webhooks::find_removed(tx).await? else {
        return Ok(0);
    };
    let events = events::remove_of(tx, webhook, batch).await?;
    let removed = events + attempts::remove_of(tx, webhook, batch).await?;
    if removed > 0 {
        return Ok(removed);
    }
    Ok(webhooks::forget_removed(tx, webhook).await?)
}
