//! Bounds the memory of large messages that are read at the same time. Small messages never wait. Clients get it in turn, so that
//! large reads of one do not stop those of others.

use std::{sync::Arc, time::Duration};

use mayfly_runtime::fair::{self, FairQueue, Permit, QueueBounds};

use super::INLINE_PARSE_BYTES;
use crate::error::Error;

/// Bytes of messages that are read at the same time, and those of one client while others read too. Decoding takes a few times as
/// much memory.
const MAX_READ_BYTES: QueueBounds = QueueBounds {
    total: 128 << 20,
    share: 24 << 20,
};
/// How long a read waits: less than the deadline of its call, so that it fails with its own reason.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(4);

/// The memory that a read holds.
pub(crate) type ReadMemory = Option<Permit>;

/// The bytes of large reads.
#[derive(Debug)]
pub(crate) struct LargeReads(Arc<FairQueue>);

impl Default for LargeReads {
    fn default() -> Self {
        Self(FairQueue::new(MAX_READ_BYTES))
    }
}

impl LargeReads {
    /// Waits until the current client may hold so many bytes.
    ///
    /// # Errors
    /// [`Error::ReadsOverloaded`] when that does not happen in time.
    pub(crate) async fn acquire(&self, size_bytes: i64) -> Result<ReadMemory, Error> {
        let size = u64::try_from(size_bytes).unwrap_or(0);
        if size <= INLINE_PARSE_BYTES as u64 {
            return Ok(None);
        }
        let held = self.0.acquire_within(fair::client(), size, ACQUIRE_TIMEOUT).await;
        held.map(Some).map_err(|_| Error::ReadsOverloaded)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use mayfly_runtime::fair::Contention;

    use super::*;

    const LARGE: i64 = 25 << 20;

    fn reads() -> LargeReads {
        let contention = Contention::within(Duration::from_secs(3600));
        LargeReads(FairQueue::with(MAX_READ_BYTES, contention))
    }

    async fn acquire(reads: &LargeReads, last: u8, size: i64) -> Result<ReadMemory, Error> {
        fair::scope(Some([192, 0, 2, last].into()), reads.acquire(size)).await
    }

    #[tokio::test]
    async fn acquire_by_greedy_client_leaves_memory_to_others() {
        let reads = reads();
        drop(acquire(&reads, 2, LARGE).await);
        let mut greedy: Vec<_> = (0..100).map(|_| Box::pin(acquire(&reads, 1, LARGE))).collect();
        let held: Vec<_> = greedy.iter_mut().filter_map(FutureExt::now_or_never).collect();
        assert_eq!(held.len(), 1, "one message in any case");
        for last in 2..=5 {
            assert!(acquire(&reads, last, LARGE / 2).now_or_never().is_some());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn acquire_beyond_the_memory_fails_after_its_time() {
        let reads = reads();
        let mut held = Vec::new();
        for last in 1..=5 {
            held.push(acquire(&reads, last, LARGE).await.unwrap());
        }
        let refused = acquire(&reads, 6, LARGE).await;
        assert!(matches!(refused, Err(Error::ReadsOverloaded)), "{refused:?}");
        assert!(
            acquire(&reads, 6, 1024).await.unwrap().is_none(),
            "small reads never wait"
        );
        held.pop();
        assert!(acquire(&reads, 6, LARGE).await.is_ok());
    }
}
