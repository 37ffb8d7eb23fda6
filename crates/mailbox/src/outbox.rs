//! The outbox worker: has `auth` forget the credentials of mailboxes that are gone, until it says that it has.

use std::{sync::Arc, time::Duration as StdDuration};

use futures_util::future::join_all;
use mayfly_database::Database;
use mayfly_proto::auth::{DeleteCredentialRequest, auth_client::AuthClient};
use mayfly_rpc::Transport;
use mayfly_runtime::task::Tasks;
use mayfly_types::{AccountId, SharedClock};
use time::Duration;
use tokio::sync::Notify;

use crate::{
    error::Error,
    store::{entities::outbox_entry, millis, outbox},
};

/// Entries taken at once, and calls under way at once.
const BATCH: u64 = 16;
/// How long a batch may take before another worker may take it. Its calls are made together, and end after 5 s: this is
/// longer than that and the two transactions around it, and well within the minute in which what a killed worker has left
/// must be done. A batch that takes longer all the same is done twice, which does no harm.
const CLAIM: Duration = Duration::seconds(20);
/// How often the worker looks without being woken.
const POLL: StdDuration = StdDuration::from_secs(1);
/// The longest pause between two attempts.
const MAX_BACKOFF_SECS: i64 = 60;

pub(crate) struct Worker {
    pub(crate) database: Arc<Database>,
    pub(crate) auth: AuthClient<Transport>,
    pub(crate) clock: SharedClock,
    pub(crate) wake: Arc<Notify>,
}

impl Worker {
    /// Starts the worker. What it has not done when the process ends is due again at the next start.
    pub(crate) fn start(self, tasks: &Tasks) {
        let stopping = tasks.stopping();
        tasks.spawn_vital("mailbox outbox", async move {
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = self.wake.notified() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
                while !stopping.is_cancelled() {
                    match self.run_batch().await {
                        Ok(0) => break,
                        Ok(_) => {}
                        Err(error) => {
                            tracing::warn!(%error, "cannot work on the outbox");
                            break;
                        }
                    }
                }
            }
        });
    }

    /// Works on what is due. Returns how many entries there were.
    async fn run_batch(&self) -> Result<usize, Error> {
        let now = self.clock.now();
        // Readers do not wait for the writer: most looks find nothing, and cost no transaction.
        let is_due = self
            .database
            .read("find_outbox", |c| {
                Box::pin(async move { Ok::<_, Error>(outbox::is_due(c, millis(now)).await?) })
            })
            .await?;
        if !is_due {
            return Ok(0);
        }
        let entries: Vec<outbox_entry::Model> = self
            .database
            .tx("claim_outbox", move |tx| {
                Box::pin(async move {
                    Ok::<_, Error>(outbox::claim(tx, millis(now), millis(now + CLAIM), BATCH).await?)
                })
            })
            .await?;
        let count = entries.len();
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        let outcomes = join_all(entries.iter().map(|entry| self.perform(entry))).await;
        for (entry, outcome) in entries.iter().zip(outcomes) {
            match outcome {
                Ok(()) => done.push(entry.id),
                Err(status) => {
                    tracing::warn!(code = ?status.code(), attempts = entry.attempts, "auth did not forget a credential");
                    let until = self.clock.now() + backoff(entry.attempts);
                    failed.push((entry.id, millis(until)));
                }
            }
        }
        self.database
            .tx("settle_outbox", move |tx| {
                let (done, failed) = (done.clone(), failed.clone());
                Box::pin(async move {
                    outbox::remove(tx, &done).await?;
                    for (id, until_ms) in failed {
                        outbox::defer(tx, id, until_ms).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        Ok(count)
    }

    async fn perform(&self, entry: &outbox_entry::Model) -> Result<(), tonic::Status> {
        match entry.kind {
            outbox_entry::Kind::DeleteCredential => {
                let account_id = AccountId::from_uuid(entry.account_id).to_string();
                let request = DeleteCredentialRequest { account_id };
                self.auth.clone().delete_credential(request).await.map(drop)
            }
        }
    }
}

/// Returns the pause after so many attempts: 1 s, 2 s, 4 s … a minute.
fn backoff(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(0).min(6);
    Duration::seconds((1 << doublings).min(MAX_BACKOFF_SECS))
}
