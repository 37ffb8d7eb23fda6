//! Retention of messages and their bytes.

use mayfly_types::RawMessageId;

use super::{BATCH, count};
use crate::{
    error::Error,
    service::{Service, sandboxes::millis_of},
    store::{
        UsedChange, mailboxes,
        removals::{self, batch_of},
        sandboxes, sweeps,
    },
};

impl Service {
    /// Removes deliveries older than an id with all their messages, and gives their size back to the quotas.
    pub(super) async fn sweep_messages(&self, oldest: RawMessageId) -> Result<usize, Error> {
        let swept = self
            .store
            .write("sweep_messages", None, move |tx| {
                Box::pin(async move {
                    let mut due = sweeps::list_deliveries_before(tx, oldest, BATCH).await?;
                    if due.is_empty() {
                        return Ok((0, Vec::new()));
                    }
                    due.truncate(batch_of(due.iter().map(|(_, size)| *size), BATCH));
                    let raw_ids: Vec<RawMessageId> = due.into_iter().map(|(id, _)| id).collect();
                    // A concurrent deletion waits for the locks and then finds nothing: each message is counted once.
                    let sizes = sweeps::lock_sizes(tx, &raw_ids).await?;
                    sweeps::remove_deliveries(tx, &raw_ids).await?;
                    let changes = sweeps::given_back(&sizes);
                    mailboxes::change_used(tx, &changes).await?;
                    Ok((raw_ids.len(), changes))
                })
            })
            .await;
        match swept {
            Ok((count, changes)) => {
                for change in changes {
                    self.store.cache().invalidate(change.account);
                }
                Ok(count)
            }
            Err(error) => {
                // A commit that failed can have happened.
                self.store.cache().clear();
                Err(error)
            }
        }
    }

    /// Removes messages of a sandbox whose retention is shorter than the one of the server.
    pub(super) async fn sweep_sandbox_messages(&self, now_ms: i64) -> Result<usize, Error> {
        let longest_ms = millis_of(self.longest_retention());
        self.store
            .write("sweep_sandbox_messages", None, move |tx| {
                Box::pin(async move {
                    let Some((account, mut found)) =
                        sandboxes::lock_expired(tx, longest_ms, now_ms, BATCH).await?
                    else {
                        return Ok(0);
                    };
                    found.truncate(batch_of(found.iter().map(|message| message.size_bytes), BATCH));
                    removals::remove(tx, account, &found).await?;
                    Ok(found.len().max(1))
                })
            })
            .await
    }

    /// Removes messages of a deleted mailbox. Its `used_bytes` says whether any are left.
    pub(super) async fn sweep_deleted_messages(&self) -> Result<usize, Error> {
        self.store
            .write("sweep_deleted_mailboxes", None, |tx| {
                Box::pin(async move {
                    let Some(mailbox) = sweeps::lock_deleted_in_use(tx).await? else {
                        return Ok(0);
                    };
                    let mut found = removals::lock_oldest(tx, mailbox.id, BATCH).await?;
                    let all = found.len();
                    found.truncate(batch_of(found.iter().map(|message| message.size_bytes), BATCH));
                    let is_last = found.len() == all && all < count(BATCH);
                    let removed = removals::remove(tx, mailbox.id, &found).await?;
                    if is_last {
                        // Once the last messages are gone nothing is used, whatever was counted.
                        let rest = UsedChange {
                            account: mailbox.id,
                            bytes: removed.bytes - mailbox.used_bytes,
                            messages: removed.messages - mailbox.message_count,
                        };
                        mailboxes::change_used(tx, &[rest]).await?;
                    }
                    Ok(found.len().max(1))
                })
            })
            .await
    }

    /// Removes bytes older than an id that no message names.
    pub(super) async fn sweep_orphans(&self, oldest: RawMessageId) -> Result<usize, Error> {
        let removed = self.store.write("sweep_orphans", None, move |tx| {
            Box::pin(async move { Ok(sweeps::remove_orphans_before(tx, oldest, BATCH).await?) })
        });
        removed.await.map(count)
    }
}
