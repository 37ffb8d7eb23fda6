//! The outbox worker: deletes the credentials of deleted mailboxes and sandboxes and deleted Pro users in `auth`, and retries
//! until that succeeds.

use std::{sync::Arc, time::Duration as StdDuration};

use futures_util::future::join_all;
use mayfly_database::Database;
use mayfly_proto::auth::{
    DeleteCredentialRequest, DeleteUserRequest, RevokeSandboxCredentialsRequest, auth_client::AuthClient,
};
use mayfly_rpc::Transport;
use mayfly_runtime::task::Tasks;
use mayfly_types::SharedClock;
use time::Duration;
use tokio::sync::Notify;

use crate::{
    error::Error,
    store::{entities::outbox_entry, millis, outbox},
};

/// Entries of a batch; their calls run concurrently.
const BATCH: u64 = 16;
/// How long a claim on entries lasts. The calls of a batch time out after 5 s; this is longer than that and the two transactions
/// around it, and short enough that entries of a killed worker run within a minute. A slower batch runs twice, which is harmless.
const CLAIM: Duration = Duration::seconds(20);
/// The polling period, if nothing wakes the worker.
const POLL: StdDuration = StdDuration::from_secs(1);
/// The longest back-off.
const MAX_BACKOFF_SECS: i64 = 60;

pub(crate) struct Worker {
    pub(crate) database: Arc<Database>,
    pub(crate) auth: AuthClient<Transport>,
    pub(crate) clock: SharedClock,
    pub(crate) wake: Arc<Notify>,
}

impl Worker {
    /// Starts the worker. Entries left at the end of the process are due again at the next start.
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
                            tracing::warn!(%error, "cannot process the outbox");
                            break;
                        }
                    }
                }
            }
        });
    }

    /// Processes due entries. Returns how many.
    async fn run_batch(&self) -> Result<usize, Error> {
        let now = self.clock.now();
        // A read costs no transaction, and most find nothing.
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
                    tracing::warn!(code = ?status.code(), attempts = entry.attempts, "auth did not delete a credential or user");
                    let until = self.clock.now() + backoff(entry.attempts);
                    failed.push((entry.id, millis(until)));
                }
            }
        }
        self.database
            .tx("finish_outbox", move |tx| {
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
        let (mut auth, subject) = (self.auth.clone(), entry.subject_id.to_string());
        match entry.kind {
            outbox_entry::Kind::DeleteCredential => {
                let request = DeleteCredentialRequest { account_id: subject };
                auth.delete_credential(request).await.map(drop)
            }
            outbox_entry::Kind::DeleteUser => {
                let request = DeleteUserRequest { user_id: subject };
                auth.delete_user(request).await.map(drop)
            }
            outbox_entry::Kind::RevokeSandbox => {
                let request = RevokeSandboxCredentialsRequest { sandbox_id: subject };
                auth.revoke_sandbox_credentials(request).await.map(drop)
            }
        }
    }
}

/// Returns the back-off after a number of attempts: 1 s, 2 s, 4 s … 60 s.
fn backoff(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(0).min(6);
    Duration::seconds((1 << doublings).min(MAX_BACKOFF_SECS))
}
