//! The outbox workers: one deletes the credentials of deleted mailboxes and sandboxes and deleted Pro users in `auth`, another
//! the blobs of deleted messages. Each retries until that succeeds, and neither waits for the other.

use std::{sync::Arc, time::Duration as StdDuration};

use futures_util::future::join_all;
use mayfly_database::Database;
use mayfly_proto::auth::{
    DeleteCredentialRequest, DeleteUserRequest, RevokeSandboxCredentialsRequest, auth_client::AuthClient,
};
use mayfly_rpc::Transport;
use mayfly_runtime::task::Tasks;
use mayfly_types::{BlobId, SharedClock};
use time::Duration;
use tokio::sync::Notify;

use crate::{
    blobs::Blobs,
    error::Error,
    store::{
        entities::outbox_entry::{Kind, Model},
        millis, outbox,
    },
};

/// Entries of a batch; their calls run concurrently.
const BATCH: u64 = 16;
/// How long a call may take. What a deletion of a blob has removed until then is not removed again.
const CALL_TIMEOUT: StdDuration = StdDuration::from_secs(5);
/// How long a claim on entries lasts: longer than the calls of a batch and the two transactions around them, and short enough that
/// entries of a killed worker run within a minute. A slower batch runs twice, which is harmless.
const CLAIM: Duration = Duration::seconds(20);
/// The polling period, if nothing wakes the worker.
const POLL: StdDuration = StdDuration::from_secs(1);
/// The longest back-off.
const MAX_BACKOFF_SECS: i64 = 60;

#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) database: Arc<Database>,
    pub(crate) auth: AuthClient<Transport>,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) clock: SharedClock,
    /// Notified when there is an entry that must not wait.
    pub(crate) wake: Arc<Notify>,
}

const AUTH_KINDS: &[Kind] = &[Kind::DeleteCredential, Kind::DeleteUser, Kind::RevokeSandbox];
const BLOB_KINDS: &[Kind] = &[Kind::DeleteBlob];

impl Worker {
    /// Starts the workers. Entries left at the end of the process are due again at the next start.
    pub(crate) fn start(self, tasks: &Tasks) {
        // A notification wakes one worker: the one whose entries must not wait.
        let of_blobs = Self {
            wake: Arc::default(),
            ..self.clone()
        };
        of_blobs.work(tasks, "blob outbox", BLOB_KINDS);
        self.work(tasks, "mailbox outbox", AUTH_KINDS);
    }

    fn work(self, tasks: &Tasks, name: &'static str, kinds: &'static [Kind]) {
        let stopping = tasks.stopping();
        tasks.spawn_vital(name, async move {
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = self.wake.notified() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
                while !stopping.is_cancelled() {
                    match self.run_batch(kinds).await {
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
    async fn run_batch(&self, kinds: &'static [Kind]) -> Result<usize, Error> {
        let now = self.clock.now();
        // A read costs no transaction, and most find nothing.
        let is_due = self
            .database
            .read("find_outbox", |c| {
                Box::pin(async move { Ok::<_, Error>(outbox::is_due(c, kinds, millis(now)).await?) })
            })
            .await?;
        if !is_due {
            return Ok(0);
        }
        let entries: Vec<Model> = self
            .database
            .tx("claim_outbox", move |tx| {
                Box::pin(async move {
                    Ok::<_, Error>(outbox::claim(tx, kinds, millis(now), millis(now + CLAIM), BATCH).await?)
                })
            })
            .await?;
        let count = entries.len();
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        let calls = entries.iter().map(|entry| async {
            let called = tokio::time::timeout(CALL_TIMEOUT, self.perform(entry)).await;
            called.unwrap_or_else(|_| Err("timed out".to_owned()))
        });
        let outcomes = join_all(calls).await;
        for (entry, outcome) in entries.iter().zip(outcomes) {
            match outcome {
                Ok(()) => done.push(entry.id),
                Err(cause) => {
                    tracing::warn!(kind = ?entry.kind, attempts = entry.attempts, cause, "an entry of the outbox failed and is tried again");
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

    /// Performs an entry, or says why that failed.
    async fn perform(&self, entry: &Model) -> Result<(), String> {
        let (mut auth, subject) = (self.auth.clone(), entry.subject_id.to_string());
        let called = match entry.kind {
            Kind::DeleteCredential => {
                let request = DeleteCredentialRequest { account_id: subject };
                auth.delete_credential(request).await.map(drop)
            }
            Kind::DeleteUser => {
                let request = DeleteUserRequest { user_id: subject };
                auth.delete_user(request).await.map(drop)
            }
            Kind::RevokeSandbox => {
                let request = RevokeSandboxCredentialsRequest { sandbox_id: subject };
                auth.revoke_sandbox_credentials(request).await.map(drop)
            }
            Kind::DeleteBlob => {
                let deleted = self.blobs.delete(BlobId::from_uuid(entry.subject_id)).await;
                return deleted.map_err(|error| error.to_string());
            }
        };
        // Its message can have an address.
        called.map_err(|status| format!("auth answers {:?}", status.code()))
    }
}

/// Returns the back-off after a number of attempts: 1 s, 2 s, 4 s … 60 s.
fn backoff(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(0).min(6);
    Duration::seconds((1 << doublings).min(MAX_BACKOFF_SECS))
}
