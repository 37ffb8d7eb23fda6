//! Space that a SQLite database keeps for itself. A transaction that deletes needs some: when the disk is full, the reserve
//! is given up, and the transaction runs again.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rustix::fs::{FallocateFlags, OFlags, fallocate};
use sea_orm::ConnectionTrait;

use super::{Database, DiskSpace, disk};

/// More than the WAL holds before a commit runs a checkpoint.
const MAX_BYTES: u64 = 8 << 20;
/// Its part of a small disk.
const PART: u64 = 32;
/// The reserve is made again when this many times its size is free, and at most this often.
const HEADROOM: u64 = 4;
const RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// A file beside the database whose only content is its size.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Held,
    /// Since when; another attempt to make it waits for [`RETRY_INTERVAL`].
    Missing(Instant),
}

impl Reserve {
    /// Makes the reserve of a database, if the disk has room for it.
    pub(super) fn open(database: &Path) -> Arc<Self> {
        let reserve = Self {
            path: database.with_added_extension("reserve"),
            state: Mutex::new(State::Missing(Instant::now())),
        };
        reserve.make();
        Arc::new(reserve)
    }

    fn make(&self) {
        let state = match self.try_make() {
            Ok(true) => State::Held,
            Ok(false) => State::Missing(Instant::now()),
            Err(error) => {
                tracing::debug!(path = %self.path.display(), %error, "cannot reserve disk space");
                let _ = fs::remove_file(&self.path);
                State::Missing(Instant::now())
            }
        };
        *self.state.lock() = state;
    }

    fn try_make(&self) -> io::Result<bool> {
        let disk = disk::space(self.path.parent().unwrap_or(Path::new(".")))?;
        let bytes = size(&disk);
        let is_there = fs::symlink_metadata(&self.path).is_ok_and(|found| found.len() == bytes);
        if !is_there && disk.free_bytes < HEADROOM * bytes {
            return Ok(false);
        }
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            // A symbolic link would have the file that it names grown or cut. The failure removes the link.
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&self.path)?;
        file.set_len(bytes)?;
        fallocate(&file, FallocateFlags::empty(), 0, bytes)?;
        Ok(true)
    }

    /// Gives the space back to the file system.
    fn release(&self) {
        let mut state = self.state.lock();
        if matches!(*state, State::Held) {
            match fs::remove_file(&self.path) {
                Ok(()) => tracing::warn!("the disk is full: the reserve of the database is given up"),
                Err(error) => tracing::warn!(%error, "cannot give up the reserve of the database"),
            }
            *state = State::Missing(Instant::now());
        }
    }

    /// Makes the reserve again once the disk has room for it.
    pub(super) fn refill(self: &Arc<Self>) {
        {
            let mut state = self.state.lock();
            match *state {
                State::Missing(since) if since.elapsed() >= RETRY_INTERVAL => {
                    *state = State::Missing(Instant::now());
                }
                State::Missing(_) | State::Held => return,
            }
        }
        let reserve = Arc::clone(self);
        tokio::task::spawn_blocking(move || reserve.make());
    }
}

fn size(disk: &DiskSpace) -> u64 {
    MAX_BYTES.min(disk.total_bytes / PART)
}

impl Database {
    /// Makes room for a transaction that failed because the disk is full: gives up the reserve, and runs a checkpoint
    /// that truncates the WAL. Returns whether there is more room than before.
    pub(super) async fn make_room(&self) -> bool {
        let free = || self.disk_space()?.ok().map(|disk| disk.free_bytes);
        let (Some(reserve), Some(before)) = (&self.reserve, free()) else {
            return false;
        };
        reserve.release();
        let truncated = self
            .writer
            .execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)")
            .await;
        if let Err(error) = truncated {
            tracing::debug!(cause = %super::cause(&error), "cannot truncate the WAL");
        }
        free().is_some_and(|after| after > before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserve_beside_symbolic_link_leaves_its_target() {
        let dir = tempfile::tempdir().unwrap();
        let (target, path) = (dir.path().join("target"), dir.path().join("a.db.reserve"));
        fs::write(&target, "untouched").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        let reserve = Reserve::open(&dir.path().join("a.db"));
        assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
        assert!(!path.exists());
        reserve.make();
        assert!(path.is_file() && !path.is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
    }
}
