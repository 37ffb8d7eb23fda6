//! What goes wrong with databases, and what kind of failure it is.

use std::path::PathBuf;

use mayfly_types::ErrorCode;
use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, postgres::PgDatabaseError},
};

use mayfly_runtime::config::ConfigError;

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
    /// The database refused.
    #[error("{name}: {error}")]
    Database {
        /// Which database.
        name: String,
        /// Why.
        error: DbErr,
    },
    /// The schema is one that this version does not know.
    #[error("{name}: {problem}")]
    Schema {
        /// Which database.
        name: String,
        /// What is missing or unknown, and what to do.
        problem: String,
    },
    /// A commit would not be durable.
    #[error("{name} answers {setting}={found}")]
    NotDurable {
        /// Which database.
        name: String,
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: String,
    },
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// A failure of a use case, which may be one of the database.
pub trait DatabaseFailure: From<DbErr> + Send {
    /// Returns the database's part in it.
    fn database_error(&self) -> Option<&DbErr>;
}

impl DatabaseFailure for DbErr {
    fn database_error(&self) -> Option<&DbErr> {
        Some(self)
    }
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
    let is_away = match driver_error(error) {
        Some(sqlx::Error::Database(error)) => {
            let code = error.code().unwrap_or_default();
            if error.try_downcast_ref::<PgDatabaseError>().is_some() {
                is_passing_in_postgres(&code)
            } else {
                is_passing_in_sqlite(&code)
            }
        }
        Some(error) => is_lost(error) || matches!(error, sqlx::Error::PoolTimedOut),
        None => matches!(error, DbErr::ConnectionAcquire(_)),
    };
    if is_away {
        ErrorCode::Unavailable
    } else {
        ErrorCode::Internal
    }
}

/// Classes and codes of <https://www.postgresql.org/docs/current/errcodes-appendix.html> that pass: connection
/// exceptions, conflicts, insufficient resources, operator intervention (a statement that took too long too), system
/// errors, read-only servers, locks that were not had.
fn is_passing_in_postgres(code: &str) -> bool {
    let is_class = |class: &str| code.starts_with(class);
    ["08", "40", "53", "57", "58"].into_iter().any(is_class) || matches!(code, "25006" | "55P03")
}

/// Primary result codes of SQLite that pass: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
fn is_passing_in_sqlite(code: &str) -> bool {
    let code: u32 = code.parse().unwrap_or(0);
    matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14)
}

/// Tells whether a transaction was undone because another got in its way: serialization failure or deadlock.
pub(super) fn is_conflict(error: &DbErr) -> bool {
    matches!(driver_error(error), Some(sqlx::Error::Database(error))
        if error.try_downcast_ref::<PgDatabaseError>().is_some() && matches!(error.code().as_deref(), Some("40001" | "40P01")))
}

/// Tells whether the connection was lost, as those that idled are when the server restarts.
pub(super) fn is_lost_connection(error: &DbErr) -> bool {
    match driver_error(error) {
        Some(sqlx::Error::Database(error)) => {
            error.try_downcast_ref::<PgDatabaseError>().is_some()
                && error
                    .code()
                    .is_some_and(|code| code.starts_with("08") || code.starts_with("57P"))
        }
        Some(error) => is_lost(error),
        None => false,
    }
}

fn is_lost(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
    )
}

fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}
