//! Retention of mailboxes: reservations, idle mailboxes, tombstones.

use time::OffsetDateTime;

use super::BATCH;
use crate::{
    error::Error,
    service::Service,
    store::{custom_domains, mailboxes, millis, outbox, sandboxes, sweeps},
};

impl Service {
    /// Removes lapsed reservations without a tombstone, and their credentials.
    pub(super) async fn sweep_reservations(&self, now: OffsetDateTime) -> Result<usize, Error> {
        let removed = self.store.write("sweep_leases", None, move |tx| {
            Box::pin(async move {
                let ids = sweeps::list_lapsed(tx, millis(now), BATCH).await?;
                if ids.is_empty() {
                    return Ok(0);
                }
                mailboxes::remove(tx, &ids).await?;
                outbox::delete_credentials(tx, &ids, now).await?;
                Ok(ids.len())
            })
        });
        self.wake_outbox(removed.await?)
    }

    /// Turns idle mailboxes into tombstones, and removes their credentials.
    pub(super) async fn sweep_idle_mailboxes(
        &self,
        now: OffsetDateTime,
        since_ms: i64,
    ) -> Result<usize, Error> {
        let deleted = self.store.write("sweep_idle_mailboxes", None, move |tx| {
            Box::pin(async move {
                let ids = sweeps::list_idle(tx, since_ms, BATCH).await?;
                if ids.is_empty() {
                    return Ok(0);
                }
                mailboxes::soft_delete(tx, &ids, millis(now)).await?;
                custom_domains::forget_catch_alls(tx, &ids).await?;
                sandboxes::remove_of(tx, &ids, now).await?;
                outbox::delete_credentials(tx, &ids, now).await?;
                Ok(ids.len())
            })
        });
        self.wake_outbox(deleted.await?)
    }

    fn wake_outbox(&self, ended: usize) -> Result<usize, Error> {
        if ended > 0 {
            self.outbox.notify_one();
        }
        Ok(ended)
    }

    /// Removes tombstones made before a time whose messages are gone: their addresses are free again.
    pub(super) async fn sweep_tombstones(&self, before_ms: i64) -> Result<usize, Error> {
        self.store
            .write("sweep_tombstones", None, move |tx| {
                Box::pin(async move {
                    let ids = sweeps::list_tombstones(tx, before_ms, BATCH).await?;
                    if ids.is_empty() {
                        return Ok(0);
                    }
                    mailboxes::remove(tx, &ids).await?;
                    Ok(ids.len())
                })
            })
            .await
    }
}
