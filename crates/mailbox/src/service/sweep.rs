//! Retention: what each sweep task removes, and from when on.

mod mailboxes;
mod messages;
mod open_mailboxes;

use mayfly_database::idempotency;
use mayfly_types::{MessageId, RawMessageId};
use mayfly_webhooks::Sweep;
use time::OffsetDateTime;

use super::{Service, custom_domains::FORGOTTEN, open_mailboxes::EMPTY};
use crate::{
    config,
    error::Error,
    model,
    store::{custom_domains, millis, usage_days},
};

/// Rows of a batch.
const BATCH: u64 = 100;

/// One kind of expired rows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SweepTask {
    LapsedReservations,
    IdleMailboxes,
    OldMessages,
    /// Messages past the retention of their sandbox.
    OldSandboxMessages,
    /// Messages of open mailboxes, and open mailboxes with their last one.
    OpenMessages,
    /// Open mailboxes that never had a message.
    EmptyOpenMailboxes,
    /// Messages of deleted mailboxes.
    DeletedMessages,
    /// Bytes that no message names.
    OrphanedBytes,
    Tombstones,
    OldWebhookEvents,
    RemovedWebhooks,
    OverfullWebhooks,
    UnverifiedDomains,
    UsageDays,
    IdempotencyKeys,
}

impl SweepTask {
    /// In the order in which they run: a mailbox that ends is swept of its messages in the same run.
    pub(crate) const ALL: [Self; 15] = [
        Self::LapsedReservations,
        Self::IdleMailboxes,
        Self::OldMessages,
        Self::OldSandboxMessages,
        Self::OpenMessages,
        Self::EmptyOpenMailboxes,
        Self::DeletedMessages,
        Self::OrphanedBytes,
        Self::Tombstones,
        Self::OldWebhookEvents,
        Self::RemovedWebhooks,
        Self::OverfullWebhooks,
        Self::UnverifiedDomains,
        Self::UsageDays,
        Self::IdempotencyKeys,
    ];
}

impl Service {
    /// Removes one batch. Returns how much it removed.
    pub(crate) async fn sweep_batch(&self, task: SweepTask) -> Result<usize, Error> {
        let now = self.expiry.now();
        let oldest = RawMessageId::floor(self.oldest());
        match task {
            SweepTask::LapsedReservations => self.sweep_reservations(self.clock.now()).await,
            SweepTask::IdleMailboxes => {
                let since = before(now, config::duration(self.config.idle));
                self.sweep_idle_mailboxes(now, millis(since)).await
            }
            SweepTask::OldMessages => self.sweep_messages(oldest).await,
            SweepTask::OldSandboxMessages => self.sweep_sandbox_messages(millis(now)).await,
            SweepTask::OpenMessages => {
                let oldest = self.kept_since(self.config.open_retention);
                self.sweep_open_messages(MessageId::floor(oldest)).await
            }
            SweepTask::EmptyOpenMailboxes => {
                let before = before(self.clock.now(), EMPTY);
                self.sweep_empty_open_mailboxes(millis(before)).await
            }
            SweepTask::DeletedMessages => self.sweep_deleted_messages().await,
            SweepTask::OrphanedBytes => self.sweep_orphans(oldest).await,
            SweepTask::Tombstones => {
                let before = before(now, config::duration(self.config.tombstone));
                self.sweep_tombstones(millis(before)).await
            }
            SweepTask::OldWebhookEvents => self.sweep_webhooks(Sweep::OlderThan(self.oldest())).await,
            SweepTask::RemovedWebhooks => self.sweep_webhooks(Sweep::Deleted).await,
            SweepTask::OverfullWebhooks => self.sweep_webhooks(Sweep::Overfull).await,
            SweepTask::UnverifiedDomains => self.sweep_domains(millis(now - FORGOTTEN)).await,
            SweepTask::UsageDays => {
                let oldest = model::day_of(now) - model::USAGE_DAYS;
                self.sweep_usage_days(oldest).await
            }
            SweepTask::IdempotencyKeys => {
                let swept = self.store.write("sweep_idempotency_keys", None, move |tx| {
                    Box::pin(async move { Ok(idempotency::sweep(tx, now, BATCH).await?) })
                });
                swept.await.map(count)
            }
        }
    }

    async fn sweep_webhooks(&self, sweep: Sweep) -> Result<usize, Error> {
        Ok(count(self.webhooks.sweep(sweep, BATCH).await?))
    }

    async fn sweep_domains(&self, before_ms: i64) -> Result<usize, Error> {
        self.store
            .write("sweep_domains", None, move |tx| {
                Box::pin(async move { Ok(custom_domains::remove_waiting(tx, before_ms, BATCH).await?) })
            })
            .await
    }

    async fn sweep_usage_days(&self, oldest: i64) -> Result<usize, Error> {
        let swept = self.store.write("sweep_usage_days", None, move |tx| {
            Box::pin(async move { Ok(usage_days::remove_before(tx, oldest, BATCH).await?) })
        });
        swept.await.map(count)
    }
}

fn before(now: OffsetDateTime, age: time::Duration) -> OffsetDateTime {
    now.checked_sub(age).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn count(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}
