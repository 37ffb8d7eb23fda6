//! The memory of answers that contain a large message. It is held from before the message is read until the client has
//! taken the answer, so clients that take theirs slowly hold no more than their share.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use mayfly_rpc::Failure;
use mayfly_runtime::{
    fair,
    shares::{Bounds, Share, Shares},
};

use super::permits::refused;

/// Messages up to this size are read without asking for memory.
pub(super) const SMALL_MESSAGE_BYTES: u64 = 64 << 10;
/// Bytes of large messages of one process whose answers are made or sent. A client has a quarter, and the last quarter is for
/// clients with at most 32 MiB.
const MAX_BYTES: Bounds = Bounds {
    total: 256 << 20,
    share: 64 << 20,
    reserve: 64 << 20,
    small: 32 << 20,
};
/// How long a request waits for memory.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(4);

/// The pool of that memory.
#[derive(Debug)]
pub(crate) struct AnswerMemory(Arc<Shares<IpAddr>>);

/// What one answer holds of it.
pub(crate) type HeldMemory = Share<IpAddr>;

impl Default for AnswerMemory {
    fn default() -> Self {
        Self(Shares::new(MAX_BYTES))
    }
}

impl AnswerMemory {
    /// Waits until the current client can hold a message of a size in bytes.
    ///
    /// # Errors
    /// `RateLimited` above the share of the client, `Unavailable` when no memory is free, within [`ACQUIRE_TIMEOUT`].
    pub(super) async fn acquire(&self, size_bytes: i64) -> Result<HeldMemory, Failure> {
        let client = fair::client().unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        // The largest message is one that its client can hold alone.
        let bytes = u64::try_from(size_bytes).unwrap_or(0).min(MAX_BYTES.small);
        let held = self.0.take_within(client, bytes, ACQUIRE_TIMEOUT).await;
        held.map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use mayfly_types::Reason;

    use super::*;

    const LARGEST: i64 = 25 << 20;

    async fn acquire(memory: &AnswerMemory, last: u8, size: i64) -> Result<HeldMemory, Failure> {
        fair::scope(Some([192, 0, 2, last].into()), memory.acquire(size)).await
    }

    #[tokio::test(start_paused = true)]
    async fn acquire_by_greedy_clients_leaves_memory_to_others() {
        let memory = AnswerMemory::default();
        let mut held = Vec::new();
        for last in 1..=3 {
            for _ in 0..3 {
                match acquire(&memory, last, LARGEST).await {
                    Ok(memory) => held.push(memory),
                    Err(refused) => assert_eq!(refused.reason, Reason::RateLimited),
                }
            }
        }
        assert_eq!(held.len(), 6, "two of each client");
        assert!(acquire(&memory, 4, LARGEST).now_or_never().unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn acquire_waits_until_memory_is_released() {
        let memory = AnswerMemory::default();
        let mut held = vec![
            acquire(&memory, 1, LARGEST).await.unwrap(),
            acquire(&memory, 1, LARGEST).await.unwrap(),
        ];
        let release = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            held.pop();
        };
        let (waited, ()) = tokio::join!(acquire(&memory, 1, LARGEST), release);
        assert!(waited.is_ok());
    }

    #[tokio::test]
    async fn acquire_for_message_above_every_bound_is_granted_alone() {
        let memory = AnswerMemory::default();
        assert!(acquire(&memory, 1, i64::MAX).await.is_ok());
    }
}
