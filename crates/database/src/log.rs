//! The write-ahead log of a SQLite database. It is written back to the database beside the writer, in small parts: otherwise the
//! commit that fills the log does it, and every other write waits for that.

use std::{
    fs::File,
    mem::ManuallyDrop,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use sea_orm::{ConnectionTrait, DatabaseConnection};

/// Frames, of a page each, from which the log is written back.
const FRAMES: u32 = 256;
/// Frames of the log from which a commit writes it back itself, so that it does not grow without bound while there is no pause
/// between commits. Less than the reserve of the disk holds.
pub(super) const MAX_FRAMES: u32 = 1500;

/// Where the index of the log has the number of its frames, and the number of those that are written back. See "WAL-Index File
/// Format" of SQLite; numbers are in the byte order of the machine.
const WRITTEN_AT: usize = 16;
const WRITTEN_BACK_AT: usize = 96;

/// The log of a database that is open.
#[derive(Debug)]
pub(super) struct Log {
    index_path: PathBuf,
    /// Never closed: that would release the locks that SQLite has on the file in this process.
    index: OnceLock<ManuallyDrop<File>>,
    is_written_back: AtomicBool,
}

impl Log {
    pub(super) fn of(database: &Path) -> Arc<Self> {
        let mut index_path = database.as_os_str().to_owned();
        index_path.push("-shm");
        Arc::new(Self {
            index_path: index_path.into(),
            index: OnceLock::new(),
            is_written_back: AtomicBool::new(false),
        })
    }

    /// Writes the log back, if it is long enough and that is not being done.
    pub(super) fn write_back(self: &Arc<Self>, connection: &DatabaseConnection) {
        let mut pending = self.pending();
        if pending < FRAMES || self.is_written_back.swap(true, Ordering::Relaxed) {
            return;
        }
        let (log, connection) = (Arc::clone(self), connection.clone());
        let written_back = async move {
            while pending >= FRAMES {
                // Neither it nor a writer waits for the other.
                let passive = connection.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)");
                if let Err(error) = passive.await {
                    tracing::debug!(cause = %super::cause(&error), "cannot write the log back");
                    break;
                }
                let before = pending;
                pending = log.pending();
                // Frames that a long read needs stay.
                if pending >= before {
                    break;
                }
            }
            log.is_written_back.store(false, Ordering::Relaxed);
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the next commit or the close does what is left"
        )]
        tokio::spawn(written_back);
    }

    /// Returns how many frames are not written back.
    fn pending(&self) -> u32 {
        let mut header = [0; WRITTEN_BACK_AT + 4];
        let is_read = self
            .index()
            .is_some_and(|index| index.read_exact_at(&mut header, 0).is_ok());
        let number = |at: usize| {
            let bytes = header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            u32::from_ne_bytes(bytes.unwrap_or_default())
        };
        match is_read {
            true => number(WRITTEN_AT).saturating_sub(number(WRITTEN_BACK_AT)),
            false => 0,
        }
    }

    fn index(&self) -> Option<&File> {
        if let Some(index) = self.index.get() {
            return Some(index);
        }
        let opened = ManuallyDrop::new(File::open(&self.index_path).ok()?);
        // One that loses a race stays open too.
        let _ = self.index.set(opened);
        self.index.get().map(|index| &**index)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{Database, DbErr};

    async fn execute(database: &Database, sql: &str) {
        let sql = sql.to_owned();
        let done: Result<(), DbErr> = database
            .tx("execute", move |tx| {
                let sql = sql.clone();
                Box::pin(async move { tx.execute_unprepared(&sql).await.map(drop) })
            })
            .await;
        done.unwrap();
    }

    /// The commits of 50 MB, each of 25 frames.
    #[tokio::test]
    async fn log_is_written_back_before_a_commit_has_to() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open_sqlite(&dir.path().join("a.db")).await.unwrap();
        let log = database.log.clone().unwrap();
        execute(&database, "CREATE TABLE t (x)").await;
        for _ in 0..500 {
            execute(&database, "INSERT INTO t VALUES (zeroblob(100000))").await;
            while log.is_written_back.load(Ordering::Relaxed) {
                tokio::task::yield_now().await;
            }
            assert!(log.pending() < FRAMES, "{}", log.pending());
        }
        let bytes = fs::metadata(dir.path().join("a.db-wal")).unwrap().len();
        assert!(bytes < u64::from(MAX_FRAMES) * 4096, "{bytes}");
    }

    /// SQLite keeps the pages that a statement changes if the statement can fail, to undo it alone.
    #[tokio::test]
    async fn statement_that_changes_many_pages_makes_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open_sqlite(&dir.path().join("a.db")).await.unwrap();
        execute(&database, "CREATE TABLE t (x UNIQUE, y)").await;
        execute(
            &database,
            "INSERT INTO t WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000) \
             SELECT x, zeroblob(1000) FROM n",
        )
        .await;
        let changed: Result<Vec<PathBuf>, DbErr> = database
            .tx("change", |tx| {
                Box::pin(async move {
                    tx.execute_unprepared("UPDATE t SET x = -x").await?;
                    let open = fs::read_dir("/proc/self/fd").unwrap();
                    Ok(open
                        .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
                        .filter(|file| file.to_string_lossy().contains("etilqs"))
                        .collect())
                })
            })
            .await;
        assert_eq!(changed.unwrap(), Vec::<PathBuf>::new());
    }
}
