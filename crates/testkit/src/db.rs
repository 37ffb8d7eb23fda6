//! Tests that run on both databases.

use std::{path::PathBuf, sync::Arc};

use mayfly_database::{Database, DatabaseConfig};
use tempfile::TempDir;

use crate::Postgres;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Db {
    /// A new file.
    Sqlite,
    /// A new server.
    Postgres,
}

/// The storage of a database, which outlives the service. Clones share it.
#[derive(Debug, Clone)]
pub enum TestDatabase {
    /// A directory with the file.
    Sqlite(Arc<TempDir>),
    /// A server.
    Postgres(Arc<Postgres>),
}

impl TestDatabase {
    /// Creates empty storage.
    ///
    /// # Panics
    /// When the database is not installed.
    #[must_use]
    pub fn new(db: Db) -> Self {
        match db {
            Db::Sqlite => Self::Sqlite(Arc::new(tempfile::tempdir().expect("a directory"))),
            Db::Postgres => Self::Postgres(Arc::new(Postgres::start())),
        }
    }

    /// Returns the file of a service's database.
    ///
    /// # Panics
    /// On PostgreSQL.
    #[must_use]
    pub fn path(&self, service: &str) -> PathBuf {
        match self {
            Self::Sqlite(dir) => dir.path().join(format!("{service}.db")),
            Self::Postgres(_) => panic!("a server has no file"),
        }
    }

    /// Opens a service's database as the service does. On PostgreSQL it is not migrated.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open(&self, service: &'static str) -> Database {
        let opened = match self {
            Self::Sqlite(_) => Database::open_sqlite(&self.path(service)).await,
            Self::Postgres(server) => Database::open_postgres(&config(server), service).await,
        };
        opened.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Returns the SQL of a row trigger in the dialect of the database. `event` is such as `BEFORE UPDATE`; `action` runs
    /// for each row, and `None` refuses the row.
    #[must_use]
    pub fn trigger(
        &self,
        name: &str,
        event: &str,
        table: &str,
        condition: &str,
        action: Option<&str>,
    ) -> String {
        match self {
            Self::Sqlite(_) => {
                let action = action.unwrap_or("SELECT RAISE(ABORT, 'poisoned')");
                format!("CREATE TRIGGER {name} {event} ON {table} WHEN {condition} BEGIN {action}; END")
            }
            Self::Postgres(_) => {
                let action = action.unwrap_or("RAISE EXCEPTION 'poisoned'");
                format!(
                    "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN {action}; \
                     END IF; RETURN NEW; END $$; \
                     CREATE TRIGGER {name} {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
                )
            }
        }
    }

    /// Returns the SQL that drops a trigger of [`TestDatabase::trigger`].
    #[must_use]
    pub fn drop_trigger(&self, name: &str, table: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("DROP TRIGGER {name}"),
            Self::Postgres(_) => format!("DROP TRIGGER {name} ON {table}"),
        }
    }

    /// Returns every file of the database with its content, and for PostgreSQL a dump of the tables.
    ///
    /// # Panics
    /// When a file cannot be read.
    #[must_use]
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let (dir, dump) = match self {
            Self::Sqlite(dir) => (dir.path().to_owned(), None),
            Self::Postgres(server) => {
                // Writes dirty pages to the files.
                let _ = server.query("postgres", "CHECKPOINT");
                let dump = server.dump("postgres").into_bytes();
                (server.data_dir(), Some(("dump".to_owned(), dump)))
            }
        };
        let mut files: Vec<(String, Vec<u8>)> = dump.into_iter().collect();
        let mut dirs = vec![dir];
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).expect("a directory") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    dirs.push(path);
                } else if let Ok(bytes) = std::fs::read(&path) {
                    files.push((path.display().to_string(), bytes));
                }
            }
        }
        files
    }

    /// Returns a URL for direct access to a service's tables.
    #[must_use]
    pub fn url(&self, service: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("sqlite://{}", self.path(service).display()),
            Self::Postgres(server) => format!("{}?options=-c%20search_path%3D{service}", server.url()),
        }
    }
}

fn config(server: &Postgres) -> DatabaseConfig {
    let text = format!("url = \"{}\"\nmax_connections = 8", server.url());
    toml::from_str(&text).expect("a section")
}

/// Defines two tests of each function that takes a [`Db`]: `…::sqlite` and `…::postgres`.
#[macro_export]
macro_rules! db_test {
    ($($name:ident),+ $(,)?) => {
        $(
            mod $name {
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn sqlite() {
                    super::$name($crate::Db::Sqlite).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn postgres() {
                    super::$name($crate::Db::Postgres).await;
                }
            }
        )+
    };
}
