//! Copies of SQLite databases: made while the database is in use, opened without changing them, and checked.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
};

use sea_orm::{
    ConnectionTrait, DbErr, RuntimeErr, Statement,
    sqlx::{self, Connection, sqlite::SqliteConnectOptions},
};
use sea_orm_migration::MigratorTrait;

use super::{Database, OpenError, connections::Connections, sqlite};

/// Copies a SQLite database to a new file of mode 0600, and syncs it. The copy is the state of one moment; processes that have
/// the database open keep reading and writing.
///
/// # Errors
/// When the database cannot be read, or the target exists with content or cannot be written.
pub async fn copy_sqlite(from: &Path, to: &Path) -> Result<(), OpenError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| OpenError::Io { path, error }
    };
    // SQLite accepts an empty file as the target, and would itself create one that others can read.
    let target = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(io(to))?;
    let failed = |error: sqlx::Error| OpenError::Database {
        name: from.display().to_string(),
        error: DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
    };
    let Some(path) = to.to_str() else {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "the path is not UTF-8");
        return Err(io(to)(error));
    };
    let options = SqliteConnectOptions::new()
        .filename(from)
        .create_if_missing(false);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.map_err(failed)?;
    // It reads in one transaction of the write-ahead log, which blocks no writer, and does not sync the target.
    sqlx::query("VACUUM INTO ?1")
        .bind(path)
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    connection.close().await.map_err(failed)?;
    target.sync_all().map_err(io(to))
}

impl Database {
    /// Opens a SQLite database without writers, such as one of a backup, for reading. It creates no files beside it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn open_sqlite_copy(path: &Path) -> Result<Self, OpenError> {
        let file = File::open(path).map_err(|error| OpenError::Io {
            path: path.to_owned(),
            error,
        })?;
        let name = path.display().to_string();
        let reader = sqlite::connect_copy(path).await;
        let reader = reader.map_err(|error| OpenError::Database {
            name: name.clone(),
            error,
        })?;
        let copy = (reader, Connections::new(1, sqlite::ACQUIRE_TIMEOUT));
        Ok(Self {
            lock: Some(file),
            ..Self::new(copy.clone(), copy, name, "sqlite")
        })
    }

    /// Checks that this version knows the schema, and that a SQLite file is undamaged. Returns the newest migration.
    ///
    /// # Errors
    /// Names what is damaged, missing or unknown.
    pub async fn check<M: MigratorTrait>(&self) -> Result<String, OpenError> {
        let problem = |problem| OpenError::Schema {
            name: self.name.clone(),
            problem,
        };
        if self.is_shared() {
            self.prepare::<M>().await?;
        } else {
            for (pragma, sound) in [("integrity_check", Some("ok")), ("foreign_key_check", None)] {
                let found = self.first_text(&format!("PRAGMA {pragma}")).await?;
                if found.as_deref() != sound {
                    let found = found.unwrap_or_default();
                    return Err(problem(format!("the file is damaged: {pragma}: {found}")));
                }
            }
        }
        let migrations = M::migrations();
        let newest = self
            .first_text("SELECT version FROM seaql_migrations ORDER BY version DESC LIMIT 1")
            .await?
            .ok_or_else(|| problem("the schema is not there".to_owned()))?;
        if self.is_shared() || migrations.iter().any(|step| step.name() == newest) {
            return Ok(newest);
        }
        Err(problem(format!(
            "the schema has seen {newest}, which this version does not know"
        )))
    }

    /// Returns the first column of the first row.
    async fn first_text(&self, sql: &str) -> Result<Option<String>, OpenError> {
        let statement = Statement::from_string(self.reader.get_database_backend(), sql);
        let row = self.reader.query_one_raw(statement).await;
        row.and_then(|row| row.map(|row| row.try_get_by_index(0)).transpose())
            .map_err(|error| self.failed(error))
    }
}

/// Removes the lock, the write-ahead log and the reserve beside a closed SQLite database, if they exist.
///
/// # Errors
/// When a file exists and cannot be removed.
pub fn remove_sqlite_side_files(path: &Path) -> io::Result<()> {
    for extension in ["lock", "reserve", "db-wal", "db-shm"] {
        let beside = match extension {
            "lock" | "reserve" => path.with_added_extension(extension),
            _ => path.with_extension(extension),
        };
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn remove_sqlite_side_files_leaves_the_database_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let database = Database::open_sqlite(&path).await.unwrap();
        database.close().await;
        drop(database);
        // A small disk has no room for it.
        fs::write(dir.path().join("a.db.reserve"), "").unwrap();
        remove_sqlite_side_files(&path).unwrap();
        let left = fs::read_dir(dir.path()).unwrap();
        let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, ["a.db"]);
    }
}
