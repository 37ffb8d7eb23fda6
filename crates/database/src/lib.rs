//! SQLite and PostgreSQL for services: opening a database safely, named and timed transactions, and idempotency keys.
//! Edges must not depend on this crate.

mod clock;
mod config;
mod error;
pub mod idempotency;
mod postgres;
mod sqlite;

use std::{
    fs::File,
    future::Future,
    path::Path,
    pin::Pin,
    time::{Duration, Instant},
};

use mayfly_runtime::task::Tasks;
use mayfly_types::{SharedClock, SystemClock, random_bytes};
use opentelemetry::{KeyValue, metrics::Histogram};
use sea_orm::{
    ConnAcquireErr, DatabaseConnection, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tracing::Instrument;

pub use config::DatabaseConfig;
pub use error::{DatabaseFailure, OpenError, error_code, is_unique_violation};
// The types that service signatures need. Everything else of sea-orm belongs in their `store/`.
use error::{is_conflict, is_lost_connection};
pub use sea_orm::{DatabaseTransaction, DbErr};

/// How often a transaction is tried that others got in the way of.
const MAX_TRIES: u32 = 8;

/// How long a transaction may take: a server that is cut off says nothing for many minutes. What became of it is unknown.
const TX_TIMEOUT: Duration = Duration::from_secs(30);

/// A future that borrows a connection.
pub type Work<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>;

/// One service's database.
#[derive(Debug)]
pub struct Database {
    /// SQLite has a single writer, so writes queue here instead of failing there. PostgreSQL has one pool for both.
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    /// For texts: a path, or a server and its database; never a password.
    name: String,
    system: &'static str,
    duration: Histogram<f64>,
    wait: Histogram<f64>,
    /// Held for the life of the process: two writers of one file would each trust their own memory. PostgreSQL, which
    /// has many writers, has none.
    lock: Option<File>,
}

impl Database {
    /// Opens or creates a SQLite database, and asserts that what it commits is durable.
    ///
    /// # Errors
    /// When the path cannot be written, another process holds it, or a pragma did not take.
    pub async fn open_sqlite(path: &Path) -> Result<Self, OpenError> {
        let (lock, writer, reader) = sqlite::open(path).await?;
        Ok(Self::new(
            writer,
            reader,
            path.display().to_string(),
            "sqlite",
            Some(lock),
        ))
    }

    /// Connects to PostgreSQL, where a service's tables are in the schema of its name, and asserts that what it commits
    /// is durable.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, or would lose commits.
    pub async fn open_postgres(config: &DatabaseConfig, service: &'static str) -> Result<Self, OpenError> {
        let (pool, name) = postgres::open(config, service).await?;
        Ok(Self::new(pool.clone(), pool, name, "postgresql", None))
    }

    fn new(
        writer: DatabaseConnection,
        reader: DatabaseConnection,
        name: String,
        system: &'static str,
        lock: Option<File>,
    ) -> Self {
        let duration = mayfly_runtime::telemetry::seconds(
            "db.client.operation.duration",
            "Duration of named transactions, waiting for a connection included",
        );
        let wait = mayfly_runtime::telemetry::seconds(
            "db.client.connection.wait_time",
            "Time until a transaction had a connection and had begun",
        );
        Self {
            writer,
            reader,
            name,
            system,
            duration,
            wait,
            lock,
        }
    }

    /// Tells whether other processes may write here: what was read before may then be old.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.lock.is_none()
    }

    /// Returns the clock that decides: of a shared database the database's own, so that a machine whose clock is wrong
    /// ends nothing early and revives nothing; else the machine's.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn clock(&self, tasks: &Tasks) -> Result<SharedClock, OpenError> {
        if self.is_shared() {
            clock::start(self.reader.clone(), tasks)
                .await
                .map_err(|error| self.failed(error))
        } else {
            Ok(std::sync::Arc::new(SystemClock))
        }
    }

    /// Brings the schema up to date. Of several processes that try at once, one does it.
    ///
    /// # Errors
    /// When a migration fails, or a SQLite file has one that this version does not know.
    pub async fn migrate<M: MigratorTrait>(&self) -> Result<(), OpenError> {
        let migrated = if self.is_shared() {
            postgres::migrate::<M>(&self.writer).await
        } else {
            M::up(&self.writer, None).await
        };
        migrated.map_err(|error| self.failed(error))
    }

    /// Makes sure that the schema is one that this version knows: a database of one's own is brought up to date, a shared
    /// one must have been.
    ///
    /// # Errors
    /// Names what is missing or unknown, or says why the database cannot be asked.
    pub async fn prepare<M: MigratorTrait>(&self) -> Result<(), OpenError> {
        if !self.is_shared() {
            return self.migrate::<M>().await;
        }
        let problem = postgres::schema_problem::<M>(&self.reader).await;
        match problem.map_err(|error| self.failed(error))? {
            None => Ok(()),
            Some(problem) => Err(OpenError::Schema {
                name: self.name.clone(),
                problem,
            }),
        }
    }

    /// Turns a failure of the database into one that names it.
    #[must_use]
    pub fn failed(&self, error: DbErr) -> OpenError {
        OpenError::Database {
            name: self.name.clone(),
            error,
        }
    }

    /// Runs writes as one transaction: all of it is durable when this returns, or none of it happened. The work is done
    /// again when another transaction got in its way, so it must have no effect but on the database.
    ///
    /// # Errors
    /// What the work returned, or the database's refusal.
    pub async fn tx<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'c> Fn(&'c DatabaseTransaction) -> Work<'c, T, E> + Send + Sync,
        E: DatabaseFailure,
    {
        let started = Instant::now();
        let outcome = async {
            for tries in 1.. {
                let tried = tokio::time::timeout(TX_TIMEOUT, self.try_tx(&work)).await;
                let tried = tried.unwrap_or_else(|_| {
                    Err(Tried {
                        error: DbErr::ConnectionAcquire(ConnAcquireErr::Timeout).into(),
                        is_undone: false,
                    })
                });
                match tried {
                    Err(Tried { error, is_undone }) if is_undone && tries < MAX_TRIES => {
                        let error = error.database_error();
                        tracing::debug!(transaction = name, tries, ?error, "a transaction is tried again");
                        tokio::time::sleep(pause(tries)).await;
                    }
                    outcome => return outcome.map_err(|tried| tried.error),
                }
            }
            unreachable!("the last try returns")
        }
        .instrument(self.span(name))
        .await;
        self.observe(name, started, outcome.is_ok());
        outcome
    }

    async fn try_tx<T, E, F>(&self, work: &F) -> Result<T, Tried<E>>
    where
        F: for<'c> Fn(&'c DatabaseTransaction) -> Work<'c, T, E> + Send + Sync,
        E: DatabaseFailure,
    {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let waiting = Instant::now();
        let begun = self.writer.begin_with_options(options).await;
        let labels = [KeyValue::new("db.system.name", self.system)];
        self.wait.record(waiting.elapsed().as_secs_f64(), &labels);
        let tx = begun.map_err(|error| Tried {
            // A connection that was lost while it idled: nothing has been asked of it.
            is_undone: is_lost_connection(&error),
            error: error.into(),
        })?;
        let undone_by_conflict = |error: E| Tried {
            is_undone: error.database_error().is_some_and(is_conflict),
            error,
        };
        match work(&tx).await {
            Ok(value) => match tx.commit().await {
                Ok(()) => Ok(value),
                Err(error) => Err(undone_by_conflict(error.into())),
            },
            Err(error) => {
                // Waited for, so that the connection is free when the caller hears of it.
                let _ = tx.rollback().await;
                Err(undone_by_conflict(error))
            }
        }
    }

    /// Runs reads, outside any transaction, beside the writer.
    ///
    /// # Errors
    /// What the work returned.
    pub async fn read<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c DatabaseConnection) -> Work<'c, T, E> + Send,
    {
        let started = Instant::now();
        let outcome = work(&self.reader).instrument(self.span(name)).await;
        self.observe(name, started, outcome.is_ok());
        outcome
    }

    /// Asks the database a trivial question, for readiness.
    ///
    /// # Errors
    /// Says why the database cannot answer.
    pub async fn ping(&self) -> Result<(), String> {
        self.reader.ping().await.map_err(|error| error.to_string())
    }

    /// Closes every connection, so that the last one folds SQLite's write-ahead log into the file.
    pub async fn close(&self) {
        for connection in [&self.reader, &self.writer] {
            if let Err(error) = connection.clone().close().await {
                tracing::warn!(%error, "cannot close the database");
            }
        }
    }

    fn span(&self, name: &'static str) -> tracing::Span {
        tracing::debug_span!(
            "db",
            otel.name = name,
            otel.kind = "client",
            db.system.name = self.system,
            db.operation.name = name
        )
    }

    fn observe(&self, name: &'static str, started: Instant, is_ok: bool) {
        let labels = [
            KeyValue::new("db.operation.name", name),
            KeyValue::new("outcome", if is_ok { "ok" } else { "error" }),
        ];
        self.duration.record(started.elapsed().as_secs_f64(), &labels);
    }
}

/// A try that failed.
struct Tried<E> {
    error: E,
    /// It is certain that nothing of it happened, and another try may succeed.
    is_undone: bool,
}

/// A pause that grows, and differs among those who got in each other's way.
fn pause(tries: u32) -> Duration {
    let jitter = u32::from(random_bytes::<1>()[0]);
    Duration::from_micros(u64::from((1 << tries) * (500 + jitter * 4)))
}

#[cfg(test)]
mod tests;
