//! SQLite: one file, one process, one writer, every commit on disk.

use std::{
    fs::{File, TryLockError},
    path::Path,
    time::Duration,
};

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbErr, Statement,
    sqlx::{
        Connection,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};

use super::OpenError;

/// Connections that read while the one writer writes.
const READERS: u32 = 4;

/// Opens or creates a database. Returns the lock that keeps other processes away, the writer and the readers.
pub(super) async fn open(path: &Path) -> Result<(File, DatabaseConnection, DatabaseConnection), OpenError> {
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
        name: path.display().to_string(),
        error,
    };
    let writer = connect(path, 1, false).await.map_err(failed)?;
    for (setting, expected) in [("journal_mode", "wal"), ("synchronous", "2")] {
        let row = writer
            .query_one_raw(Statement::from_string(
                writer.get_database_backend(),
                format!("PRAGMA {setting}"),
            ))
            .await
            .map_err(failed)?;
        let found = row.map_or_else(String::new, |row| {
            row.try_get_by_index::<String>(0)
                .or_else(|_| row.try_get_by_index::<i32>(0).map(|number| number.to_string()))
                .unwrap_or_default()
        });
        if found != expected {
            return Err(OpenError::NotDurable {
                name: path.display().to_string(),
                setting,
                found,
            });
        }
    }
    let reader = connect(path, READERS, true).await.map_err(failed)?;
    Ok((lock, writer, reader))
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
