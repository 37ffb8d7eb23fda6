//! The write-ahead log (WAL) of a SQLite database. Checkpoints run beside the writer and are small: otherwise the commit that fills
//! the WAL runs one, and every other write waits for it.

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

/// Frames, of a page each, from which a checkpoint runs beside the writer.
const CHECKPOINT_FRAMES: u32 = 256;
/// Frames of the WAL from which a commit runs a checkpoint itself, so that the WAL does not grow without bound while there is no
/// pause between commits. Less than the reserve of the disk holds.
pub(super) const MAX_FRAMES: u32 = 1500;

/// Offsets in the WAL-index of the number of frames (`mxFrame`), and of those that are backfilled (`nBackfill`). See "WAL-Index
/// File Format" of SQLite; numbers are in the byte order of the machine.
const FRAMES_AT: usize = 16;
const BACKFILLED_AT: usize = 96;

/// The WAL of an open database.
#[derive(Debug)]
pub(super) struct Wal {
    index_path: PathBuf,
    /// Never closed: that would release the locks that SQLite has on the file in this process.
    index: OnceLock<ManuallyDrop<File>>,
    is_checkpointing: AtomicBool,
}

impl Wal {
    pub(super) fn of(database: &Path) -> Arc<Self> {
        let mut index_path = database.as_os_str().to_owned();
        index_path.push("-shm");
        Arc::new(Self {
            index_path: index_path.into(),
            index: OnceLock::new(),
            is_checkpointing: AtomicBool::new(false),
        })
    }

    /// Starts a checkpoint, if the WAL is long enough and none runs.
    pub(super) fn checkpoint(self: &Arc<Self>, connection: &DatabaseConnection) {
        let mut pending = self.pending();
        if pending < CHECKPOINT_FRAMES || self.is_checkpointing.swap(true, Ordering::Relaxed) {
            return;
        }
        let (wal, connection) = (Arc::clone(self), connection.clone());
        let checkpoint = async move {
            while pending >= CHECKPOINT_FRAMES {
                // Neither it nor a writer waits for the other.
                let passive = connection.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)");
                if let Err(error) = passive.await {
                    tracing::debug!(cause = %super::cause(&error), "a checkpoint of the WAL failed");
                    break;
                }
                let before = pending;
                pending = wal.pending();
                // Frames that a long read needs stay.
                if pending >= before {
                    break;
                }
            }
            wal.is_checkpointing.store(false, Ordering::Relaxed);
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the next commit or the close does what is left"
        )]
        tokio::spawn(checkpoint);
    }

    /// Returns how many frames are not backfilled.
    fn pending(&self) -> u32 {
        let mut header = [0; BACKFILLED_AT + 4];
        let is_read = self
            .index()
            .is_some_and(|index| index.read_exact_at(&mut header, 0).is_ok());
        let number = |at: usize| {
            let bytes = header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            u32::from_ne_bytes(bytes.unwrap_or_default())
        };
        match is_read {
            true => number(FRAMES_AT).saturating_sub(number(BACKFILLED_AT)),
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
    async fn checkpoint_beside_writer_bounds_wal() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open_sqlite(&dir.path().join("a.db")).await.unwrap();
        let wal = database.wal.clone().unwrap();
        execute(&database, "CREATE TABLE t (x)").await;
        for _ in 0..500 {
            execute(&database, "INSERT INTO t VALUES (zeroblob(100000))").await;
            while wal.is_checkpointing.load(Ordering::Relaxed) {
                tokio::task::yield_now().await;
            }
            assert!(wal.pending() < CHECKPOINT_FRAMES, "{}", wal.pending());
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
