//! The tables of the service: everything that names sea-orm. The store queries; `service` decides.

pub(crate) mod acme_states;
pub(crate) mod address_locks;
pub(crate) mod addresses;
pub(crate) mod backup;
pub(crate) mod blob_owners;
pub(crate) mod blobs;
pub(crate) mod blocks;
pub(crate) mod cache;
pub(crate) mod clock_marks;
pub(crate) mod custom_domains;
pub(crate) mod deliveries;
pub(crate) mod domains;
pub(crate) mod entities;
pub(crate) mod extracted;
pub(crate) mod mailboxes;
pub(crate) mod messages;
pub(crate) mod open_mailboxes;
pub(crate) mod outbox;
pub(crate) mod owners;
pub(crate) mod raw_messages;
pub(crate) mod removals;
pub(crate) mod sandboxes;
pub(crate) mod search;
pub(crate) mod statistics;
pub(crate) mod sweeps;
pub(crate) mod usage_days;
pub(crate) mod within;

use std::sync::Arc;

use mayfly_database::{
    Database, Work,
    idempotency::{Answers, Call},
    lease::Lease,
};
use mayfly_runtime::{fair, task::Tasks};
use mayfly_types::{AccountId, SharedClock};
use sea_orm::{DatabaseConnection, DatabaseTransaction};
use serde::{Serialize, de::DeserializeOwned};
use time::{Duration, OffsetDateTime};
use tokio::sync::oneshot;

use crate::error::Error;
use cache::Cache;

pub(crate) use entities::{
    mailbox::{Hold, Model as Mailbox, State},
    message::{Model as Message, ParseStatus},
    raw_message::Model as RawMessage,
    sandbox::Model as Sandbox,
};

/// The longest message whose bytes can be in its row, which is committed together with others.
pub(crate) const MAX_ROW_BYTES: usize = 128 << 10;

/// The database of this service.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    database: Arc<Database>,
    cache: Arc<Cache>,
    /// Answers of calls with an idempotency key.
    answers: Arc<Answers>,
    tasks: Tasks,
}

impl Store {
    pub(crate) fn new(database: Database, answers: Answers, tasks: Tasks) -> Self {
        Self {
            answers: Arc::new(answers),
            cache: Arc::new(Cache::new(database.is_shared())),
            database: Arc::new(database),
            tasks,
        }
    }

    pub(crate) fn database(&self) -> &Arc<Database> {
        &self.database
    }

    pub(crate) fn cache(&self) -> &Arc<Cache> {
        &self.cache
    }

    pub(crate) fn answers(&self) -> &Arc<Answers> {
        &self.answers
    }

    /// Names a lease in this service's database.
    pub(crate) fn lease(&self, name: &'static str, clock: SharedClock, ttl: Duration) -> Lease {
        Lease::new(Arc::clone(&self.database), clock, name, ttl)
    }

    /// Reads, outside any transaction.
    pub(crate) async fn read<T, F>(&self, name: &'static str, work: F) -> Result<T, Error>
    where
        F: for<'c> FnOnce(&'c DatabaseConnection) -> Work<'c, T, Error> + Send,
    {
        self.database.read(name, work).await
    }

    /// Writes in one transaction and a task of its own, so that a caller that gives up does not abort it. `touched` is the
    /// active mailbox that changes, if any: the cache drops it.
    pub(crate) async fn write<T, F>(
        &self,
        name: &'static str,
        touched: Option<AccountId>,
        work: F,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c DatabaseTransaction) -> Work<'c, T, Error> + Send + Sync + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let (database, cache) = (self.database.clone(), self.cache.clone());
        self.tasks.spawn(fair::detached(async move {
            let written = database.tx(name, work).await;
            // Also after an error: a commit that failed can have happened.
            if let Some(account) = touched {
                cache.invalidate(account);
            }
            // The caller may be gone; the write stands.
            let _ = answer.send(written);
        }));
        outcome.await.unwrap_or(Err(Error::Stopping))
    }

    /// Writes at most once for an idempotency key. A repeated call returns the first answer. Touches no active mailbox.
    pub(crate) async fn write_once<T, F>(
        &self,
        name: &'static str,
        call: Option<Call>,
        now: OffsetDateTime,
        effect: F,
    ) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: for<'c> Fn(&'c DatabaseTransaction) -> Work<'c, T, Error> + Send + Sync + 'static,
    {
        let answers = self.answers.clone();
        self.write(name, None, move |tx| {
            let (answers, call, effect) = (answers.clone(), call.clone(), effect(tx));
            Box::pin(async move { answers.once(tx, call.as_ref(), now, effect).await })
        })
        .await
    }
}

pub(crate) use mayfly_types::unix_millis as millis;

/// By how much the `used_bytes` and the `message_count` of a mailbox change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UsedChange {
    pub(crate) account: AccountId,
    pub(crate) bytes: i64,
    pub(crate) messages: i64,
}
