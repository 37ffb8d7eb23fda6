//! Databases: opening them safely, and the named, timed transactions that are the only way in.

use std::{
    borrow::Cow,
    fs::{File, TryLockError},
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    time::{Duration, Instant},
};

use mayfly_types::ErrorCode;
use opentelemetry::{KeyValue, metrics::Histogram};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    sqlx::{
        self, Connection,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};
use sea_orm_migration::MigratorTrait;

/// Connections that read while the one writer writes.
const READERS: u32 = 4;

/// A future that borrows a connection.
pub type Work<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>;

/// One service's database. SQLite has a single writer, so writes queue here instead of failing there.
#[derive(Debug)]
pub struct Database {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    duration: Histogram<f64>,
    /// Held for the life of the process: two writers of one file would each trust their own memory.
    _lock: File,
}

/// A database that cannot be opened, or whose schema is not ours.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory or the file cannot be written.
    #[error("{}: {error}", path.display())]
    Io {
        /// What could not be opened.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Another process has it.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The database refused, or its schema is one that this version does not know.
    #[error("{}: {error}", path.display())]
    Database {
        /// Which database.
        path: PathBuf,
        /// Why.
        error: DbErr,
    },
    /// A commit would not be durable.
    #[error("{} answers {pragma}={found}", path.display())]
    Pragma {
        /// Which database.
        path: PathBuf,
        /// The setting.
        pragma: &'static str,
        /// Its value.
        found: String,
    },
}

impl Database {
    /// Opens or creates a SQLite database, and asserts that what it commits is durable.
    ///
    /// # Errors
    /// When the path cannot be written, another process holds it, or a pragma did not take.
    pub async fn open_sqlite(path: &Path) -> Result<Self, OpenError> {
        let lock_path = path.with_added_extension("lock");
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| OpenError::Io { path, error }
        };
        let lock = File::options()
            .create(true)
            .append(true)
            .open(&lock_path)
            .map_err(io(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(io(&lock_path)(error)),
        }
        let failed = |error| OpenError::Database {
            path: path.to_owned(),
            error,
        };
        let writer = connect(path, 1, false).await.map_err(failed)?;
        for (pragma, expected) in [("journal_mode", "wal"), ("synchronous", "2")] {
            let row = writer
                .query_one_raw(Statement::from_string(
                    writer.get_database_backend(),
                    format!("PRAGMA {pragma}"),
                ))
                .await
                .map_err(failed)?;
            let found = row.map_or_else(String::new, |row| {
                row.try_get_by_index::<String>(0)
                    .or_else(|_| row.try_get_by_index::<i32>(0).map(|number| number.to_string()))
                    .unwrap_or_default()
            });
            if found != expected {
                return Err(OpenError::Pragma {
                    path: path.to_owned(),
                    pragma,
                    found,
                });
            }
        }
        let reader = connect(path, READERS, true).await.map_err(failed)?;
        let duration = crate::telemetry::meter()
            .f64_histogram("db.client.operation.duration")
            .with_unit("s")
            .with_description("Duration of named transactions, waiting for a connection included")
            .build();
        Ok(Self {
            writer,
            reader,
            duration,
            _lock: lock,
        })
    }

    /// Brings the schema up to date.
    ///
    /// # Errors
    /// When a migration fails, or the database has one that this version does not know.
    pub async fn migrate<M: MigratorTrait>(&self, path: &Path) -> Result<(), OpenError> {
        M::up(&self.writer, None)
            .await
            .map_err(|error| OpenError::Database {
                path: path.to_owned(),
                error,
            })
    }

    /// Runs writes as one transaction: all of it is durable when this returns, or none of it happened.
    ///
    /// # Errors
    /// What the work returned, or the database's refusal.
    pub async fn tx<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c DatabaseTransaction) -> Work<'c, T, E> + Send,
        E: From<DbErr>,
    {
        let started = Instant::now();
        let outcome = async {
            let options = TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            };
            let tx = self.writer.begin_with_options(options).await?;
            let value = work(&tx).await?;
            tx.commit().await?;
            Ok(value)
        }
        .await;
        self.observe(name, started, outcome.is_ok());
        outcome
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
        let outcome = work(&self.reader).await;
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

    /// Closes every connection, so that the last one folds the write-ahead log into the file.
    pub async fn close(&self) {
        for connection in [&self.reader, &self.writer] {
            if let Err(error) = connection.clone().close().await {
                tracing::warn!(%error, "cannot close the database");
            }
        }
    }

    fn observe(&self, name: &'static str, started: Instant, is_ok: bool) {
        let labels = [
            KeyValue::new("db.operation.name", name),
            KeyValue::new("outcome", if is_ok { "ok" } else { "error" }),
        ];
        self.duration.record(started.elapsed().as_secs_f64(), &labels);
    }
}

async fn connect(path: &Path, connections: u32, is_reader: bool) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .acquire_timeout(Duration::from_secs(5))
        .test_before_acquire(false)
        .sqlx_logging(false);
    let path = path.to_owned();
    // SQLite ends a transaction by itself when the disk is full. The driver's own rollback fails then, and it goes on
    // counting a transaction that is not there: the next ones would be savepoints, "committed" within one that never is.
    // A connection that still counts a transaction when it is idle is therefore thrown away.
    options.map_sqlx_sqlite_before_acquire(|connection, _| {
        Box::pin(async move {
            if connection.is_in_transaction() {
                // A rollback may only be waiting in the driver's queue; the ping is behind it.
                connection.ping().await?;
            }
            Ok(!connection.is_in_transaction())
        })
    });
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .in_memory(false)
            .shared_cache(false)
            .filename(&path)
            .create_if_missing(true)
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true)
            .statement_cache_capacity(256)
            .pragma("cache_size", if is_reader { "-2048" } else { "-8192" })
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        if is_reader {
            sqlite.pragma("query_only", "ON")
        } else {
            sqlite
        }
    });
    sea_orm::Database::connect(options).await
}

/// Tells whether a statement failed because a row with the same unique value exists.
#[must_use]
pub fn is_unique_violation(error: &DbErr) -> bool {
    matches!(
        error.sql_err(),
        Some(sea_orm::SqlErr::UniqueConstraintViolation(_))
    )
}

/// Sorts a database's failure: a store that is full, read-only, busy or away is `Unavailable`, the rest are defects.
#[must_use]
pub fn error_code(error: &DbErr) -> ErrorCode {
    let (DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause)) = error else {
        let is_away = matches!(error, DbErr::ConnectionAcquire(_));
        return if is_away {
            ErrorCode::Unavailable
        } else {
            ErrorCode::Internal
        };
    };
    let RuntimeErr::SqlxError(cause) = cause else {
        return ErrorCode::Internal;
    };
    match &**cause {
        sqlx::Error::Database(cause) => {
            let code = cause
                .code()
                .unwrap_or(Cow::Borrowed(""))
                .parse::<u32>()
                .unwrap_or(0);
            // Primary result codes of SQLite: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
            let is_away = matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14);
            if is_away {
                ErrorCode::Unavailable
            } else {
                ErrorCode::Internal
            }
        }
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => ErrorCode::Unavailable,
        _ => ErrorCode::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_process_is_refused_and_a_rolled_back_write_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let db = Database::open_sqlite(&path).await.unwrap();
        assert!(matches!(
            Database::open_sqlite(&path).await,
            Err(OpenError::InUse(_))
        ));
        db.tx("create", |tx| {
            Box::pin(async { tx.execute_unprepared("CREATE TABLE t (x UNIQUE)").await.map(drop) })
        })
        .await
        .unwrap();
        let failed: Result<(), DbErr> = db
            .tx("fail", |tx| {
                Box::pin(async {
                    tx.execute_unprepared("INSERT INTO t VALUES (1)").await?;
                    Err(DbErr::Custom("on purpose".to_owned()))
                })
            })
            .await;
        assert!(failed.is_err());
        let rows =
            |db: &DatabaseConnection| Statement::from_string(db.get_database_backend(), "SELECT x FROM t");
        let found = db
            .read("count", |c| {
                Box::pin(async move { c.query_all_raw(rows(c)).await })
            })
            .await
            .unwrap();
        assert!(found.is_empty());
        let refused = db
            .read("write", |c| {
                Box::pin(async { c.execute_unprepared("INSERT INTO t VALUES (1)").await })
            })
            .await;
        assert!(refused.is_err(), "readers cannot write");
        let duplicate: Result<(), DbErr> = db
            .tx("twice", |tx| {
                Box::pin(async {
                    tx.execute_unprepared("INSERT INTO t VALUES (1)").await?;
                    tx.execute_unprepared("INSERT INTO t VALUES (1)").await.map(drop)
                })
            })
            .await;
        assert!(is_unique_violation(&duplicate.unwrap_err()));
    }

    /// What a full disk does: SQLite answers FULL, and ends the transaction by itself.
    #[tokio::test]
    async fn after_a_full_disk_what_is_committed_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let db = Database::open_sqlite(&dir.path().join("a.db")).await.unwrap();
        db.tx("create", |tx| {
            Box::pin(async { tx.execute_unprepared("CREATE TABLE t (x)").await.map(drop) })
        })
        .await
        .unwrap();
        let insert = |size: u32| {
            db.tx("insert", move |tx| {
                Box::pin(async move {
                    tx.execute_unprepared("PRAGMA max_page_count = 8").await?;
                    tx.execute_unprepared(&format!("INSERT INTO t VALUES (zeroblob({size}))"))
                        .await
                        .map(drop)
                })
            })
        };
        let mut accepted: i64 = 0;
        for round in 0..20 {
            let refused: Result<(), DbErr> = insert(100_000).await;
            assert_eq!(
                error_code(&refused.unwrap_err()),
                ErrorCode::Unavailable,
                "round {round}"
            );
            let changed_mind: Result<(), DbErr> = db
                .tx("change_mind", |_| {
                    Box::pin(async { Err(DbErr::Custom("on purpose".to_owned())) })
                })
                .await;
            assert!(changed_mind.is_err());
            let small: Result<(), DbErr> = insert(10).await;
            accepted += i64::from(small.is_ok());
        }
        assert_eq!(accepted, 20, "it recovers by itself");
        let count = Statement::from_string(sea_orm::DatabaseBackend::Sqlite, "SELECT count(*) FROM t");
        let row = db
            .read("count", |c| Box::pin(async move { c.query_one_raw(count).await }))
            .await
            .unwrap();
        assert_eq!(
            row.unwrap().try_get_by_index::<i64>(0).unwrap(),
            accepted,
            "what was committed is there"
        );
    }

    #[tokio::test]
    async fn a_directory_that_cannot_be_written_is_named() {
        let error = Database::open_sqlite(Path::new("/proc/nowhere/a.db"))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("/proc/nowhere/a.db.lock"), "{error}");
    }
}
