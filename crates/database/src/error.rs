//! Database errors and their classification.

use std::{borrow::Cow, fmt, path::PathBuf};

use mayfly_types::ErrorCode;
use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, postgres::PgDatabaseError},
};

use mayfly_runtime::config::ConfigError;

/// The database cannot be opened, or its schema is unknown.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory or the file cannot be written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The cause.
        error: std::io::Error,
    },
    /// Another process has it open.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The database failed.
    #[error("{name}: {}", cause(.error))]
    Database {
        /// The database.
        name: String,
        /// The cause.
        error: DbErr,
    },
    /// This version does not know the schema.
    #[error("{name}: {problem}")]
    Schema {
        /// The database.
        name: String,
        /// The missing or unknown migration, and what to do.
        problem: String,
    },
    /// Commits would not be durable.
    #[error("{name} answers {setting}={found}")]
    NotDurable {
        /// The database.
        name: String,
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: String,
    },
    /// The configuration is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// An error of a use case that may wrap a database error.
pub trait DatabaseFailure: From<DbErr> + Send + 'static {
    /// Returns the database error, if it wraps one.
    fn database_error(&self) -> Option<&DbErr>;
}

impl DatabaseFailure for DbErr {
    fn database_error(&self) -> Option<&DbErr> {
        Some(self)
    }
}

/// Returns whether a statement violated a unique constraint.
#[must_use]
pub fn is_unique_violation(error: &DbErr) -> bool {
    matches!(
        error.sql_err(),
        Some(sea_orm::SqlErr::UniqueConstraintViolation(_))
    )
}

/// Classifies a database error: full, read-only, busy or unreachable is `Unavailable`, everything else is a defect.
#[must_use]
pub fn error_code(error: &DbErr) -> ErrorCode {
    let is_unavailable = match driver_error(error) {
        Some(sqlx::Error::Database(error)) => {
            let code = error.code().unwrap_or_default();
            if error.try_downcast_ref::<PgDatabaseError>().is_some() {
                is_transient_in_postgres(&code)
            } else {
                is_transient_in_sqlite(&code)
            }
        }
        Some(error) => is_lost(error) || matches!(error, sqlx::Error::PoolTimedOut),
        None => matches!(error, DbErr::ConnectionAcquire(_)),
    };
    if is_unavailable {
        ErrorCode::Unavailable
    } else {
        ErrorCode::Internal
    }
}

/// Returns whether a write failed because the disk of the database is full.
#[must_use]
pub fn is_disk_full(error: &DbErr) -> bool {
    match code(error) {
        Some(Code::Postgres(code)) => code == "53100",
        Some(Code::Sqlite(code)) => code & 0xff == 13,
        None => false,
    }
}

/// Returns whether the database refused a write: its disk is full, or it is read-only.
pub(super) fn is_write_refused(error: &DbErr) -> bool {
    match code(error) {
        Some(Code::Postgres(code)) => matches!(&*code, "53100" | "25006"),
        // READONLY, IOERR, FULL.
        Some(Code::Sqlite(code)) => matches!(code & 0xff, 8 | 10 | 13),
        None => false,
    }
}

/// Returns whether a session reported that its server takes no writes or is going away: read-only transaction (25006),
/// shutdown, crash, starting up (57P01 to 57P03). Sessions that were opened before must not be used again.
pub(super) fn is_failover(error: &DbErr) -> bool {
    matches!(code(error), Some(Code::Postgres(code)) if matches!(&*code, "25006" | "57P01" | "57P02" | "57P03"))
}

/// The code of a database for an error.
enum Code<'e> {
    /// SQLSTATE.
    Postgres(Cow<'e, str>),
    /// An extended result code.
    Sqlite(u32),
}

fn code(error: &DbErr) -> Option<Code<'_>> {
    let Some(sqlx::Error::Database(error)) = driver_error(error) else {
        return None;
    };
    let code = error.code()?;
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        Some(Code::Postgres(code))
    } else {
        code.parse().ok().map(Code::Sqlite)
    }
}

/// Describes why a database call failed, for logs: the code and the message of the database. It leaves out messages that
/// can repeat a value of a statement.
pub fn cause(error: &DbErr) -> impl fmt::Display + '_ {
    Cause(error)
}

struct Cause<'e>(&'e DbErr);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (driver_error(self.0), code(self.0)) {
            (Some(sqlx::Error::Database(error)), Some(Code::Postgres(code))) => {
                write!(f, "SQLSTATE {code}")?;
                // Class 22 (data exceptions) quotes the data.
                if code.starts_with("22") {
                    return Ok(());
                }
                write!(f, ": {}", error.message())
            }
            (Some(sqlx::Error::Database(error)), Some(Code::Sqlite(code))) => {
                write!(f, "SQLite {code}: {}", error.message())
            }
            (Some(sqlx::Error::PoolTimedOut), _) => f.write_str("no connection in time"),
            (Some(error @ (sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_))), _) => {
                write!(f, "{error}")
            }
            (Some(sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed), _) => {
                f.write_str("the pool is closed")
            }
            (Some(_), _) => f.write_str("the driver failed"),
            (None, _) => match self.0 {
                DbErr::ConnectionAcquire(_) => f.write_str("no answer in time"),
                DbErr::RecordNotFound(_) => f.write_str("a row is missing"),
                DbErr::Migration(problem) | DbErr::Custom(problem) => f.write_str(problem),
                _ => f.write_str("a value cannot be converted"),
            },
        }
    }
}

/// Transient classes and codes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>: connection exceptions,
/// conflicts, insufficient resources, operator intervention (also statement time-outs), system errors, read-only servers,
/// locks not available.
fn is_transient_in_postgres(code: &str) -> bool {
    let is_class = |class: &str| code.starts_with(class);
    ["08", "40", "53", "57", "58"].into_iter().any(is_class) || matches!(code, "25006" | "55P03")
}

/// Transient primary result codes of SQLite: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
fn is_transient_in_sqlite(code: &str) -> bool {
    let code: u32 = code.parse().unwrap_or(0);
    matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14)
}

/// Returns whether a transaction was rolled back by a conflict: a serialization failure or a deadlock.
pub(super) fn is_conflict(error: &DbErr) -> bool {
    matches!(driver_error(error), Some(sqlx::Error::Database(error))
        if error.try_downcast_ref::<PgDatabaseError>().is_some() && matches!(error.code().as_deref(), Some("40001" | "40P01")))
}

/// Returns whether the connection was lost, as idle ones are when the server restarts.
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

/// Returns whether a server cannot be reached, or a connection to it was lost.
pub(super) fn is_connection_failure(error: &DbErr) -> bool {
    let is_timeout = matches!(error, DbErr::ConnectionAcquire(_))
        || matches!(driver_error(error), Some(sqlx::Error::PoolTimedOut));
    is_timeout || is_lost_connection(error)
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
