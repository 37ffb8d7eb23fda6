//! SQLite: one file, one process, one writer, every commit synced to disk.

use std::{
    fs::{self, File, Permissions, TryLockError},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
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

use super::{OpenError, wal};

/// Connections that read concurrently with the writer.
pub(super) const READERS: u32 = 4;
/// How long a call waits for a connection.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens or creates a database. Returns the exclusive lock of the file, the writer and the readers.
pub(super) async fn open(path: &Path) -> Result<(File, DatabaseConnection, DatabaseConnection), OpenError> {
    let lock_path = path.with_added_extension("lock");
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| OpenError::Io { path, error }
    };
    let lock = File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&lock_path)
        .map_err(io(&lock_path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => return Err(io(&lock_path)(error)),
    }
    make_private(path).map_err(io(path))?;
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
    // One more, which runs checkpoints.
    let reader = connect(path, READERS + 1, true).await.map_err(failed)?;
    Ok((lock, writer, reader))
}

/// Creates the file for this user only, whatever the umask and the directory allow, and takes the permissions of others from
/// files of earlier versions. SQLite gives its other files the mode of the database.
fn make_private(path: &Path) -> io::Result<()> {
    File::options().create(true).append(true).mode(0o600).open(path)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let Ok(metadata) = fs::metadata(&name) else {
            continue;
        };
        if metadata.permissions().mode() & 0o077 != 0
            && let Err(error) = fs::set_permissions(&name, Permissions::from_mode(0o600))
        {
            tracing::warn!(%error, file = %Path::new(&name).display(), "other users can read the database");
        }
    }
    Ok(())
}

async fn connect(path: &Path, connections: u32, is_reader: bool) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .sqlx_logging(false);
    let path = path.to_owned();
    // SQLite rolls back by itself when the disk is full. The rollback of the driver then fails, and the driver still counts
    // an open transaction: the next ones would be savepoints, "committed" inside a transaction that never commits. So an
    // idle connection that still counts a transaction is closed.
    options.map_sqlx_sqlite_before_acquire(|connection, _| {
        Box::pin(async move {
            if connection.is_in_transaction() {
                // A rollback may still be queued in the driver; the ping runs after it.
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
            // Space that a large transaction took for the WAL returns to the file system.
            .pragma("journal_size_limit", "8388608")
            .pragma("cache_size", if is_reader { "-2048" } else { "-8192" })
            // What is deleted is overwritten: the words of a deleted mail stay in no file.
            .pragma("secure_delete", "ON")
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        if is_reader {
            sqlite.pragma("query_only", "ON")
        } else {
            // The pages that a statement may have to restore are otherwise written to a file, more of them than to the WAL.
            sqlite
                .pragma("temp_store", "MEMORY")
                .pragma("wal_autocheckpoint", wal::MAX_FRAMES.to_string())
        }
    });
    sea_orm::Database::connect(options).await
}

/// Opens a database without writers. SQLite then takes no locks and creates no files.
pub(super) async fn connect_copy(path: &Path) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    let path = path.to_owned();
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .in_memory(false)
            .shared_cache(false)
            .filename(&path)
            .read_only(true)
            .immutable(true)
    });
    sea_orm::Database::connect(options).await
}
