//! The memory of messages that are being stored, by their size, and the rows that they become. Clients get it in turn.

use std::{sync::Arc, time::Duration};

use mayfly_runtime::fair::{self, Contention, FairQueue, Permit, QueueBounds};

use crate::error::Error;

/// The largest small message.
const SMALL_BYTES: usize = 256 << 10;
/// The largest medium message.
const MEDIUM_BYTES: usize = 2 << 20;
/// What each further recipient counts for: its row takes the writer as long as these.
const RECIPIENT_BYTES: u64 = 4 << 10;
/// Memory for small messages in progress, and for those of one client while others send too.
const MAX_SMALL_BYTES: QueueBounds = QueueBounds {
    total: 64 << 20,
    share: 512 << 10,
};
/// Memory for small messages in progress that are stored apart from their rows, beside those that are not: a server of blobs that
/// does not answer holds it for as long as its time-out.
const MAX_APART_BYTES: QueueBounds = QueueBounds {
    total: 32 << 20,
    share: 512 << 10,
};
/// Memory for medium messages in progress. While others send too, a client has one.
const MAX_MEDIUM_BYTES: QueueBounds = QueueBounds {
    total: 8 << 20,
    share: 512 << 10,
};
/// Memory for large messages in progress; a larger one takes all of it. With more memory, more messages would only wait for the blob
/// store, and the edge has them on its disk. While others send large messages too, a client has one.
const MAX_LARGE_BYTES: QueueBounds = QueueBounds {
    total: 16 << 20,
    share: 512 << 10,
};
/// How long a message waits: less than the deadline of its call, so that it fails with its own reason.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// The class of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Small,
    /// A small one that is a blob.
    Apart,
    Medium,
    Large,
}

impl Size {
    pub(super) fn of(bytes: usize, is_blob: bool) -> Self {
        match bytes {
            ..=SMALL_BYTES if is_blob => Self::Apart,
            ..=SMALL_BYTES => Self::Small,
            _ if bytes <= MEDIUM_BYTES => Self::Medium,
            _ => Self::Large,
        }
    }
}

/// Memory of its own for each class: a message waits for none that is larger than its class.
#[derive(Debug)]
pub(super) struct Memory {
    small: Arc<FairQueue>,
    apart: Arc<FairQueue>,
    medium: Arc<FairQueue>,
    large: Arc<FairQueue>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::with(Contention::default)
    }
}

impl Memory {
    fn with(contention: impl Fn() -> Contention) -> Self {
        let queue = |bounds| FairQueue::with(bounds, contention());
        Self {
            small: queue(MAX_SMALL_BYTES),
            apart: queue(MAX_APART_BYTES),
            medium: queue(MAX_MEDIUM_BYTES),
            large: queue(MAX_LARGE_BYTES),
        }
    }

    /// Waits for the memory of a message of the current client, to a number of recipients.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when there is none in time.
    pub(super) async fn reserve(
        &self,
        size: usize,
        is_blob: bool,
        recipients: usize,
    ) -> Result<Permit, Error> {
        let queue = match Size::of(size, is_blob) {
            Size::Small => &self.small,
            Size::Apart => &self.apart,
            Size::Medium => &self.medium,
            Size::Large => &self.large,
        };
        let further = RECIPIENT_BYTES * (recipients as u64).saturating_sub(1);
        let bytes = (size as u64).saturating_add(further);
        let permit = queue.acquire_within(fair::client(), bytes, ACQUIRE_TIMEOUT).await;
        permit.map_err(|_| Error::Overloaded)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, future::join_all};

    use super::*;

    const MIB: usize = 1 << 20;
    const LARGE: usize = 20 * MIB;

    async fn reserve(memory: &Memory, last: u8, size: usize) -> Result<Permit, Error> {
        let client = Some([192, 0, 2, last].into());
        fair::scope(client, memory.reserve(size, false, 1)).await
    }

    #[tokio::test]
    async fn reserve_of_smaller_class_is_immediate_beside_larger() {
        let memory = Memory::default();
        let _held = memory.reserve(LARGE, false, 1).await.unwrap();
        let mut waiting: Vec<_> = (0..500)
            .map(|_| Box::pin(memory.reserve(LARGE, false, 1)))
            .collect();
        assert!(waiting.iter_mut().all(|large| large.now_or_never().is_none()));
        let medium: Vec<_> = (0..4)
            .map(|_| memory.reserve(MEDIUM_BYTES, false, 1).now_or_never())
            .collect();
        assert!(medium.iter().all(|permit| matches!(permit, Some(Ok(_)))));
        assert!(memory.reserve(MEDIUM_BYTES, false, 1).now_or_never().is_none());
        let small: Vec<_> = (0..256)
            .map(|_| memory.reserve(SMALL_BYTES, false, 1).now_or_never())
            .collect();
        assert!(small.iter().all(|permit| matches!(permit, Some(Ok(_)))));
        assert!(memory.reserve(SMALL_BYTES, false, 1).now_or_never().is_none());
    }

    #[tokio::test]
    async fn reserve_of_small_is_immediate_beside_blobs() {
        let memory = Memory::default();
        let blobs: Vec<_> = (0..200)
            .map(|_| memory.reserve(SMALL_BYTES, true, 1).now_or_never())
            .collect();
        assert_eq!(blobs.iter().filter(|permit| permit.is_some()).count(), 128);
        assert!(memory.reserve(SMALL_BYTES, false, 1).now_or_never().is_some());
    }

    #[tokio::test]
    async fn reserve_by_greedy_client_leaves_memory_to_others() {
        let memory = Memory::with(|| Contention::within(Duration::from_secs(3600)));
        for size in [200 << 10, 300 << 10, MEDIUM_BYTES] {
            // Both are active.
            drop(reserve(&memory, 2, size).await);
            let mut greedy: Vec<_> = (0..1000).map(|_| Box::pin(reserve(&memory, 1, size))).collect();
            let held: Vec<_> = greedy.iter_mut().filter_map(FutureExt::now_or_never).collect();
            let bytes = held.len() * size;
            assert!((1..=2).contains(&held.len()), "{bytes} bytes of {size}");
            assert!(reserve(&memory, 2, size).now_or_never().is_some(), "{size}");
        }
    }

    /// Its rows take the writer, and not its bytes.
    #[tokio::test]
    async fn reserve_for_many_recipients_counts_their_rows() {
        let memory = Memory::with(|| Contention::within(Duration::from_secs(3600)));
        let reserve = |last: u8, recipients| {
            fair::scope(
                Some([192, 0, 2, last].into()),
                memory.reserve(200, false, recipients),
            )
        };
        drop(reserve(2, 1).await);
        let mut greedy: Vec<_> = (0..20).map(|_| Box::pin(reserve(1, 100))).collect();
        let held: Vec<_> = greedy.iter_mut().filter_map(FutureExt::now_or_never).collect();
        assert_eq!(
            held.len(),
            1,
            "100 rows of a client wait for the writer, not 2,000"
        );
        let mut single: Vec<_> = (0..100).map(|_| Box::pin(reserve(3, 1))).collect();
        let held = single.iter_mut().filter_map(FutureExt::now_or_never);
        assert_eq!(held.count(), 100);
    }

    /// A message of the largest size takes all memory: the next one is that of another client.
    #[tokio::test]
    async fn reserve_of_large_takes_turns() {
        let memory = Memory::default();
        let first = reserve(&memory, 1, LARGE).await.unwrap();
        let mut greedy: Vec<_> = (0..50).map(|_| Box::pin(reserve(&memory, 1, LARGE))).collect();
        assert!(greedy.iter_mut().all(|one| one.now_or_never().is_none()));
        let mut other = Box::pin(reserve(&memory, 2, LARGE));
        assert!((&mut other).now_or_never().is_none());
        // A task that polls so many is made to yield.
        tokio::task::yield_now().await;
        drop(first);
        let other = other.now_or_never();
        assert!(other.is_some(), "before 50 of the same client");
        drop(other);
        assert!(greedy[0].as_mut().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn reserve_fails_after_its_time() {
        let memory = Memory::default();
        let _held = memory.reserve(LARGE, false, 1).await.unwrap();
        let started = tokio::time::Instant::now();
        let outcomes = join_all((0..10).map(|_| memory.reserve(LARGE, false, 1))).await;
        assert!(
            outcomes
                .iter()
                .all(|outcome| matches!(outcome, Err(Error::Overloaded)))
        );
        assert_eq!(started.elapsed(), ACQUIRE_TIMEOUT);
    }
}
