//! The spool: temporary files that hold the first part of large messages while they arrive, so that slow clients with large
//! messages take disk instead of memory. The files have no name, so a crash leaves none behind. What has no room here stays in
//! memory, under the bound of the memory.

use std::{fs::File, io, net::IpAddr, os::unix::fs::FileExt, path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures_util::{Stream, stream};
use mayfly_rpc::CHUNK_BYTES;
use mayfly_runtime::fair::{self, FairQueue, QueueBounds};

use crate::budget::{Budget, Reservation};

/// The spool leaves a tenth of the file system free, and at most this: twice what `mailbox` keeps, so that temporary files
/// alone never make it refuse mail.
const MAX_FREE_BYTES: u64 = 2 << 30;

/// Reads and writes at one time, each on a thread of its own that keeps memory afterwards; half of them of one client, while
/// others are active.
const MAX_OPERATIONS: QueueBounds = QueueBounds { total: 4, share: 2 };

/// Where large messages are written.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    disk: Arc<Disk>,
    /// Bytes on disk, with a share of each client.
    budget: Arc<Budget>,
}

#[derive(Debug)]
struct Disk {
    directory: PathBuf,
    operations: Arc<FairQueue>,
}

/// The first part of a message, on disk. Dropping it frees the space.
#[derive(Debug)]
pub(crate) struct SpoolFile {
    disk: Arc<Disk>,
    file: File,
    /// What a failed write left beyond it does not count.
    size_bytes: u64,
    reservation: Reservation,
}

/// The part of a message that the driver moves to the disk: what is there already, and the chunks that follow.
#[derive(Debug, Default)]
pub(crate) struct Unspooled {
    pub(crate) file: Option<SpoolFile>,
    pub(crate) chunks: Vec<Bytes>,
}

impl Spool {
    /// Creates a spool in a directory that exists.
    pub(crate) fn new(directory: PathBuf, budget: Arc<Budget>) -> Self {
        Self {
            disk: Arc::new(Disk {
                directory,
                operations: FairQueue::new(MAX_OPERATIONS),
            }),
            budget,
        }
    }

    /// Writes the chunks to the disk. Those that have no room there are returned.
    pub(crate) async fn write(&self, unspooled: Unspooled, client: IpAddr) -> Unspooled {
        let spool = self.clone();
        let written = self.disk.run(move || spool.write_now(unspooled, client)).await;
        // A panic has lost a part of the message, which then is shorter than announced and refused.
        written.unwrap_or_default()
    }

    fn write_now(&self, mut unspooled: Unspooled, client: IpAddr) -> Unspooled {
        match self.try_write(&mut unspooled, client) {
            Ok(true) => unspooled.chunks.clear(),
            Ok(false) => {}
            Err(error) => {
                let directory = self.disk.directory.display();
                tracing::warn!(%error, %directory, "cannot write a message to the spool: it stays in memory");
            }
        }
        unspooled
    }

    /// Returns false if there is no room.
    fn try_write(&self, unspooled: &mut Unspooled, client: IpAddr) -> io::Result<bool> {
        let size = unspooled.chunks.iter().map(|chunk| chunk.len() as u64).sum();
        if !self.has_room(size)? {
            return Ok(false);
        }
        let file = match &mut unspooled.file {
            Some(file) => file,
            empty => empty.insert(SpoolFile {
                disk: Arc::clone(&self.disk),
                file: tempfile::tempfile_in(&self.disk.directory)?,
                size_bytes: 0,
                reservation: self.budget.reservation(client),
            }),
        };
        if !file.reservation.grow(size) {
            return Ok(false);
        }
        let mut at = file.size_bytes;
        for chunk in &unspooled.chunks {
            file.file.write_all_at(chunk, at)?;
            at += chunk.len() as u64;
        }
        file.size_bytes = at;
        Ok(true)
    }

    fn has_room(&self, size: u64) -> io::Result<bool> {
        let disk = rustix::fs::statvfs(&self.disk.directory)?;
        let [total, free] = [disk.f_blocks, disk.f_bavail].map(|blocks| blocks.saturating_mul(disk.f_frsize));
        Ok(free >= size.saturating_add((total / 10).min(MAX_FREE_BYTES)))
    }
}

impl SpoolFile {
    /// Reads the file in chunks. It ends early when it cannot be read; `mailbox` then refuses the message as too short.
    pub(crate) fn into_chunks(self) -> impl Stream<Item = Bytes> + Send + 'static {
        stream::unfold((self, 0), |(file, at)| async move {
            let left = usize::try_from(file.size_bytes - at).unwrap_or(CHUNK_BYTES);
            if left == 0 {
                return None;
            }
            let disk = Arc::clone(&file.disk);
            let read = disk.run(move || {
                let mut chunk = vec![0; left.min(CHUNK_BYTES)];
                let read = file.file.read_exact_at(&mut chunk, at);
                (file, read.map(|()| Bytes::from(chunk)))
            });
            match read.await? {
                (file, Ok(chunk)) => {
                    let next = at + chunk.len() as u64;
                    Some((chunk, (file, next)))
                }
                (_, Err(error)) => {
                    tracing::error!(%error, "cannot read a message from the spool");
                    None
                }
            }
        })
    }
}

impl Disk {
    /// Runs an operation on a thread where it may block. Returns nothing if it panics.
    async fn run<T: Send + 'static>(&self, operation: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (operations, client) = (Arc::clone(&self.operations), fair::client());
        let span = tracing::Span::current();
        #[expect(
            clippy::disallowed_methods,
            reason = "a stream that is not polled must not keep a permit"
        )]
        let running = tokio::spawn(async move {
            let permit = operations.acquire(client, 1).await;
            let working = tokio::task::spawn_blocking(move || {
                // Until the work ends, and not until the session goes on.
                let _permit = permit;
                span.in_scope(operation)
            });
            working.await
        });
        running.await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use futures_util::{FutureExt, StreamExt};

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn spool(directory: PathBuf, bytes: u64) -> Spool {
        Spool::new(directory, Budget::undivided(bytes))
    }

    fn part(file: Option<SpoolFile>, text: &'static str) -> Unspooled {
        Unspooled {
            file,
            chunks: vec![Bytes::from_static(text.as_bytes())],
        }
    }

    #[tokio::test]
    async fn write_appends_and_file_has_no_name() {
        let dir = tempfile::tempdir().unwrap();
        let spool = spool(dir.path().to_owned(), 100);
        let first = spool.write(part(None, "ab"), CLIENT).await;
        assert!(first.chunks.is_empty());
        let second = spool.write(part(first.file, "cd"), CLIENT).await;
        assert_eq!(spool.budget.free_bytes(), 96);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let read: Vec<Bytes> = second.file.unwrap().into_chunks().collect().await;
        assert_eq!(read.concat(), b"abcd");
        assert_eq!(spool.budget.free_bytes(), 100);
    }

    /// Messages that wait for memory in `mailbox`: their streams have asked for a turn, and are polled later.
    #[tokio::test]
    async fn stream_that_is_not_polled_keeps_no_turn() {
        let dir = tempfile::tempdir().unwrap();
        let spool = spool(dir.path().to_owned(), 100);
        let mut streams = Vec::new();
        for _ in 0..9 {
            let written = spool.write(part(None, "ab"), CLIENT).await;
            streams.push(Box::pin(written.file.unwrap().into_chunks()));
        }
        let busy = spool.disk.operations.acquire(None, MAX_OPERATIONS.total).await;
        for stream in &mut streams {
            assert!(stream.next().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        drop(busy);
        // The last of those that wait; without a turn, it waits for ever.
        let last = streams.pop().unwrap();
        let read = tokio::time::timeout(Duration::from_secs(30), last.collect::<Vec<Bytes>>()).await;
        assert_eq!(read.unwrap().concat(), b"ab");
    }

    #[tokio::test]
    async fn write_without_room_returns_the_chunks() {
        let dir = tempfile::tempdir().unwrap();
        let full = spool(dir.path().to_owned(), 3);
        let first = full.write(part(None, "ab"), CLIENT).await;
        let second = full.write(part(first.file, "cd"), CLIENT).await;
        assert_eq!(second.chunks.concat(), b"cd");
        assert_eq!(second.file.unwrap().size_bytes, 2);
        let absent = spool(dir.path().join("absent"), 100);
        let kept = absent.write(part(None, "ab"), CLIENT).await;
        assert_eq!(
            (kept.chunks.concat(), kept.file.is_none()),
            (b"ab".to_vec(), true)
        );
    }
}
