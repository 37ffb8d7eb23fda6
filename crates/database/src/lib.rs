//! SQLite and PostgreSQL for services: opening a database safely, named and timed transactions,
//! leases and idempotency keys.
//! Edges must not depend on this crate.

pub mod audit;
pub mod backup;
mod clock;
mod config;
mod connections;
mod disk;
mod error;
pub mod idempotency;
pub mod lease;
mod postgres;
mod refusals;
mod reserve;
mod sqlite;
mod wal;

use std::{
    fs::File,
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use backon::{ExponentialBuilder, Retryable};
use mayfly_runtime::task::Tasks;
use mayfly_types::{SharedClock, SystemClock};
use opentelemetry::{KeyValue, metrics::Histogram};
use parking_lot::Mutex;
use sea_orm::{
    ConnAcquireErr, DatabaseConnection, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tracing::Instrument;

pub use config::DatabaseConfig;
use connections::Connections;
pub use disk::DiskSpace;
pub use error::{DatabaseFailure, OpenError, cause, error_code, is_disk_full, is_unique_violation};
// The types that service signatures need. Everything else of sea-orm belongs in their `store/`.
use error::{is_conflict, is_lost_connection};
use postgres::{Failover, Search};
use refusals::Refusals;
pub use refusals::RefusedWrite;
use reserve::Reserve;
pub use sea_orm::{DatabaseTransaction, DbErr};
use wal::Wal;

/// Retries of a transaction that conflicted with another: pauses of 1 to 2 ms, then twice that, and so on.
const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(1))
    .with_factor(2.0)
    .with_max_times(7)
    .with_jitter();

/// How long a transaction may take: a server that is cut off is silent for many minutes. The outcome is unknown then.
const TX_TIMEOUT: Duration = Duration::from_secs(30);

/// A future that borrows a connection.
pub type Work<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>;

/// One service's database.
#[derive(Debug)]
pub struct Database {
    /// SQLite has a single writer, so writes queue here instead of failing there. PostgreSQL has one pool for both.
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    /// Clients take turns at the connections of each.
    writes: Connections,
    reads: Connections,
    /// For messages: a path, or a server and its database; never a password.
    name: String,
    system: &'static str,
    duration: Histogram<f64>,
    wait: Histogram<f64>,
    /// Held for the life of the process: two writers of one file would each trust their own caches. `None` for PostgreSQL,
    /// which has many writers.
    lock: Option<File>,
    /// The directory of a SQLite database; `None` for PostgreSQL.
    dir: Option<PathBuf>,
    /// `None` for PostgreSQL.
    reserve: Option<Arc<Reserve>>,
    /// `None` for PostgreSQL, and for a copy, which is not written.
    wal: Option<Arc<Wal>>,
    /// `None` for SQLite.
    failover: Option<(Failover, Option<Search>)>,
    refusals: Refusals,
}

impl Database {
    /// Opens or creates a SQLite database, and checks that its commits are durable.
    ///
    /// # Errors
    /// When the path cannot be written, another process holds it, or a pragma had no effect.
    pub async fn open_sqlite(path: &Path) -> Result<Self, OpenError> {
        let (lock, writer, reader) = sqlite::open(path).await?;
        let name = path.display().to_string();
        Ok(Self {
            lock: Some(lock),
            dir: path.parent().map(Path::to_owned),
            reserve: Some(Reserve::open(path)),
            wal: Some(Wal::of(path)),
            ..Self::new(
                (writer, Connections::new(1, sqlite::ACQUIRE_TIMEOUT)),
                (reader, Connections::new(sqlite::READERS, sqlite::ACQUIRE_TIMEOUT)),
                name,
                "sqlite",
            )
        })
    }

    /// Connects to PostgreSQL, where the tables of a service are in the schema of its name, and checks that commits are
    /// durable.
    ///
    /// # Errors
    /// When the server cannot be reached, rejects the connection, or would lose commits.
    pub async fn open_postgres(config: &DatabaseConfig, service: &'static str) -> Result<Self, OpenError> {
        let (pool, name, failover) = postgres::open(config, service).await?;
        let connections = Connections::new(config.max_connections, postgres::ACQUIRE_TIMEOUT);
        let pool = (pool, connections);
        Ok(Self {
            failover: Some(failover),
            ..Self::new(pool.clone(), pool, name, "postgresql")
        })
    }

    fn new(
        (writer, writes): (DatabaseConnection, Connections),
        (reader, reads): (DatabaseConnection, Connections),
        name: String,
        system: &'static str,
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
            writes,
            reads,
            name,
            system,
            duration,
            wait,
            lock: None,
            dir: None,
            reserve: None,
            wal: None,
            failover: None,
            refusals: Refusals::default(),
        }
    }

    /// Returns whether other processes may write to this database, so that earlier reads can be stale.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.lock.is_none()
    }

    /// Returns the authoritative clock: that of a shared database, so that a machine with a wrong clock expires nothing
    /// early and revives nothing; otherwise the machine's.
    ///
    /// # Errors
    /// When the database cannot be queried.
    pub async fn clock(&self, tasks: &Tasks) -> Result<SharedClock, OpenError> {
        if self.is_shared() {
            clock::start(self.reader.clone(), tasks)
                .await
                .map_err(|error| self.failed(error))
        } else {
            Ok(Arc::new(SystemClock))
        }
    }

    /// Migrates the schema. Of several processes that try at once, one migrates and the others wait.
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

    /// Makes sure that this version knows the schema. A SQLite database is migrated; a shared database must have been
    /// migrated before.
    ///
    /// # Errors
    /// Names the missing or unknown migration, or says why the database cannot be queried.
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

    /// Wraps a database error with the name of this database.
    #[must_use]
    pub fn failed(&self, error: DbErr) -> OpenError {
        OpenError::Database {
            name: self.name.clone(),
            error,
        }
    }

    /// Runs writes as one transaction: all of it is durable when this returns, or none of it happened. The work runs again
    /// after a conflict with another transaction, so its only effects must be on the database.
    ///
    /// # Errors
    /// The error of the work, or of the database.
    pub async fn tx<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        T: Send,
        F: for<'c> Fn(&'c DatabaseTransaction) -> Work<'c, T, E> + Send + Sync,
        E: DatabaseFailure,
    {
        let work = Keep {
            work,
            value: Mutex::new(None),
        };
        self.run_tx(name, &work).await?;
        work.value.into_inner().ok_or_else(|| {
            let error = DbErr::Custom("a transaction was committed without its work".to_owned());
            E::from(error)
        })
    }

    /// Compiled for each type of error, not for each transaction.
    async fn run_tx<E: DatabaseFailure>(&self, name: &'static str, work: &dyn Repeat<E>) -> Result<(), E> {
        let started = Instant::now();
        let attempt = || async {
            let attempted = tokio::time::timeout(TX_TIMEOUT, self.try_tx(work)).await;
            let mut attempted = attempted.unwrap_or_else(|_| {
                Err(Attempt {
                    error: DbErr::ConnectionAcquire(ConnAcquireErr::Timeout).into(),
                    is_undone: false,
                })
            });
            // SQLite has rolled it back.
            if let Err(failed) = &mut attempted
                && failed.error.database_error().is_some_and(is_disk_full)
            {
                failed.is_undone |= self.make_room().await;
            }
            attempted
        };
        let outcome = attempt
            .retry(BACKOFF)
            .when(|failed| failed.is_undone)
            .notify(|failed, _| {
                let cause = failed
                    .error
                    .database_error()
                    .map(|error| cause(error).to_string());
                tracing::debug!(transaction = name, cause, "retrying a transaction");
            })
            .instrument(self.span(name))
            .await
            .map_err(|failed| failed.error);
        self.observe(name, started, outcome.is_ok());
        match &outcome {
            Ok(_) => {
                self.refusals.clear(name);
                if let Some(reserve) = &self.reserve {
                    reserve.refill();
                }
                if let Some(wal) = &self.wal {
                    wal.checkpoint(&self.reader);
                }
            }
            Err(error) => {
                if let Some(error) = error.database_error() {
                    self.refusals.note(name, error);
                    self.note_failover(error);
                }
            }
        }
        outcome
    }

    async fn try_tx<E: DatabaseFailure>(&self, work: &dyn Repeat<E>) -> Result<(), Attempt<E>> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let waiting = Instant::now();
        let turn = self.writes.turn().await;
        let _turn = turn.map_err(|error| Attempt {
            is_undone: false,
            error: error.into(),
        })?;
        let begun = self.writer.begin_with_options(options).await;
        let labels = [KeyValue::new("db.system.name", self.system)];
        self.wait.record(waiting.elapsed().as_secs_f64(), &labels);
        let tx = begun.map_err(|error| Attempt {
            // A connection that broke while it was idle: nothing was sent on it.
            is_undone: is_lost_connection(&error),
            error: error.into(),
        })?;
        let undone_by_conflict = |error: E| Attempt {
            is_undone: error.database_error().is_some_and(is_conflict),
            error,
        };
        match work.run(&tx).await {
            Ok(()) => match tx.commit().await {
                Ok(()) => Ok(()),
                Err(error) => Err(undone_by_conflict(error.into())),
            },
            Err(error) => {
                // Awaited, so that the connection is free when the caller gets the error.
                let _ = tx.rollback().await;
                Err(undone_by_conflict(error))
            }
        }
    }

    /// Runs reads outside any transaction, concurrently with the writer.
    ///
    /// # Errors
    /// The error of the work.
    pub async fn read<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c DatabaseConnection) -> Work<'c, T, E> + Send,
        E: DatabaseFailure,
    {
        let started = Instant::now();
        let reading = async {
            let _turn = self.reads.turn().await?;
            work(&self.reader).await
        };
        let outcome = reading.instrument(self.span(name)).await;
        self.observe(name, started, outcome.is_ok());
        if let Err(error) = &outcome
            && let Some(error) = error.database_error()
        {
            self.note_failover(error);
        }
        outcome
    }

    /// Closes the sessions of a server that failed over.
    fn note_failover(&self, error: &DbErr) {
        if let Some((failover, _)) = &self.failover {
            failover.note(error);
        }
    }

    /// Checks for readiness that the database answers and that its sessions may write.
    ///
    /// # Errors
    /// Says why the database does not answer or takes no writes.
    pub async fn ping(&self) -> Result<(), String> {
        if self.is_shared() {
            return postgres::check_writable(&self.reader).await;
        }
        let pinged = self.reader.ping().await;
        pinged.map_err(|error| cause(&error).to_string())
    }

    /// Returns the last write that the database refused for want of space or of permission, until the same transaction succeeds
    /// or half a minute has passed.
    #[must_use]
    pub fn refused_write(&self) -> Option<RefusedWrite> {
        self.refusals.last()
    }

    /// Closes every connection; the last one checkpoints SQLite's write-ahead log.
    pub async fn close(&self) {
        for connection in [&self.reader, &self.writer] {
            if let Err(error) = connection.clone().close().await {
                tracing::warn!(cause = %cause(&error), "cannot close the database");
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

/// The work of a transaction, which may run several times.
trait Repeat<E>: Send + Sync {
    fn run<'a>(&'a self, tx: &'a DatabaseTransaction) -> Work<'a, (), E>;
}

/// Work that keeps the value of its last run.
struct Keep<T, F> {
    work: F,
    value: Mutex<Option<T>>,
}

impl<T, E, F> Repeat<E> for Keep<T, F>
where
    T: Send,
    E: 'static,
    F: for<'c> Fn(&'c DatabaseTransaction) -> Work<'c, T, E> + Send + Sync,
{
    fn run<'a>(&'a self, tx: &'a DatabaseTransaction) -> Work<'a, (), E> {
        let work = (self.work)(tx);
        Box::pin(async move {
            let value = work.await?;
            *self.value.lock() = Some(value);
            Ok(())
        })
    }
}

/// A failed attempt.
struct Attempt<E> {
    error: E,
    /// It certainly had no effect, and another attempt may succeed.
    is_undone: bool,
}

#[cfg(test)]
mod tests;
