//! The webhook tables: everything that names sea-orm. The store queries; services and pure modules decide.

pub(crate) mod attempts;
pub(crate) mod entities;
pub(crate) mod events;
pub(crate) mod webhooks;

use std::sync::Arc;

use mayfly_database::{
    Database, Work,
    idempotency::{Answers, Call},
};
use mayfly_runtime::{fair, task::Tasks};
use sea_orm::{DatabaseConnection, DatabaseTransaction};
use serde::{Serialize, de::DeserializeOwned};
use time::OffsetDateTime;
use tokio::sync::oneshot;

use crate::error::Error;

/// The database of the mailbox service, which the webhook tables are part of.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    database: Arc<Database>,
    /// Answers of calls with an Idempotency-Key.
    answers: Arc<Answers>,
    tasks: Tasks,
}

impl Store {
    pub(crate) fn new(database: Arc<Database>, answers: Arc<Answers>, tasks: Tasks) -> Self {
        Self {
            database,
            answers,
            tasks,
        }
    }

    /// Reads, outside any transaction.
    pub(crate) async fn read<T, F>(&self, name: &'static str, work: F) -> Result<T, Error>
    where
        F: for<'c> FnOnce(&'c DatabaseConnection) -> Work<'c, T, Error> + Send,
    {
        self.database.read(name, work).await
    }

    /// Writes in one transaction and a task of its own, so that a caller that gives up does not abort it.
    pub(crate) async fn write<T, F>(&self, name: &'static str, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c DatabaseTransaction) -> Work<'c, T, Error> + Send + Sync + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let database = self.database.clone();
        self.tasks.spawn(fair::detached(async move {
            let written = database.tx(name, work).await;
            // The caller may have gone; the write stands.
            let _ = answer.send(written);
        }));
        outcome.await.unwrap_or(Err(Error::Stopping))
    }

    /// Writes at most once for an idempotency key. A repeated call returns the first answer.
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
        self.write(name, move |tx| {
            let (answers, call, effect) = (answers.clone(), call.clone(), effect(tx));
            Box::pin(async move { answers.once(tx, call.as_ref(), now, effect).await })
        })
        .await
    }
}
