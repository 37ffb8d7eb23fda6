//! Bounds the memory of large messages that are read at the same time. Small messages never wait. Each mailbox or Pro user has
//! a share, so that large reads of one do not stop those of others.

use std::{sync::Arc, time::Duration};

use mayfly_runtime::{
    fair::{self, FairQueue, Permit, QueueBounds},
    shares::{Bounds, Share, Shares},
};
use mayfly_types::{AccountId, UserId};

use super::{INLINE_PARSE_BYTES, MessageScope, Scope};
use crate::error::Error;

/// Bytes of messages that are read at the same time. Decoding takes a few times as much memory. The share admits one message
/// of the largest usual size; a larger one counts as a whole share. The last part is for readers of messages below 8 MiB.
const MAX_READ_BYTES: Bounds = Bounds {
    total: 128 << 20,
    share: 40 << 20,
    reserve: 32 << 20,
    small: 8 << 20,
};
/// Bytes of messages that are read for one client, whatever its mailboxes, while others read too. The bound of all is above.
const MAX_CLIENT_BYTES: QueueBounds = QueueBounds {
    total: u64::MAX,
    share: 24 << 20,
};
/// How long a read waits: less than the deadline of its call, so that it fails with its own reason.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(4);

/// Whose read it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reader {
    Mailbox(AccountId),
    Owner(UserId),
}

impl Reader {
    /// Returns who reads a message of a mailbox. Everybody who reads an open mailbox counts as the mailbox.
    pub(super) fn of(scope: &MessageScope, account: AccountId) -> Self {
        match scope {
            MessageScope::One(Scope::Mailbox(_)) | MessageScope::AnyOpen => Self::Mailbox(account),
            MessageScope::One(Scope::Owned { owner, .. }) | MessageScope::AnyOwnedBy(owner) => {
                Self::Owner(owner.user)
            }
        }
    }
}

/// The memory that a read holds.
pub(crate) type ReadMemory = Option<Held>;

/// A part of the memory.
#[derive(Debug)]
pub(crate) struct Held {
    _reader: Share<Reader>,
    _client: Permit,
}

/// The bytes of large reads.
#[derive(Debug)]
pub(crate) struct LargeReads {
    readers: Arc<Shares<Reader>>,
    clients: Arc<FairQueue>,
}

impl Default for LargeReads {
    fn default() -> Self {
        Self {
            readers: Shares::new(MAX_READ_BYTES),
            clients: FairQueue::new(MAX_CLIENT_BYTES),
        }
    }
}

impl LargeReads {
    /// Waits until a reader may hold so many bytes.
    ///
    /// # Errors
    /// [`Error::ReadsOverloaded`] when that does not happen in time.
    pub(crate) async fn acquire(&self, reader: Reader, size_bytes: i64) -> Result<ReadMemory, Error> {
        let size = u64::try_from(size_bytes).unwrap_or(0);
        if size <= INLINE_PARSE_BYTES as u64 {
            return Ok(None);
        }
        let size = size.min(MAX_READ_BYTES.share);
        let held = async {
            // The client first: its reads for many mailboxes wait here, and take no memory of others.
            let client = self.clients.acquire(fair::client(), size).await;
            let share = self.readers.take_within(reader, size, ACQUIRE_TIMEOUT).await;
            let reader = share.map_err(|_| Error::ReadsOverloaded)?;
            Ok(Some(Held {
                _reader: reader,
                _client: client,
            }))
        };
        let held = tokio::time::timeout(ACQUIRE_TIMEOUT, held).await;
        held.map_err(|_| Error::ReadsOverloaded)?
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use mayfly_runtime::fair::Contention;
    use mayfly_types::{Clock, SystemClock};

    use super::*;

    const LARGE: i64 = 25 << 20;

    /// A message of the largest size in each of many mailboxes.
    #[tokio::test]
    async fn acquire_for_many_mailboxes_of_a_client_has_one_share() {
        let contention = Contention::within(Duration::from_secs(3600));
        let reads = LargeReads {
            readers: Shares::new(MAX_READ_BYTES),
            clients: FairQueue::with(MAX_CLIENT_BYTES, contention),
        };
        let acquire = |last: u8| {
            let reader = Reader::Mailbox(AccountId::new(SystemClock.now()));
            fair::scope(Some([192, 0, 2, last].into()), reads.acquire(reader, LARGE))
        };
        drop(acquire(2).await);
        let mut greedy: Vec<_> = (0..100).map(|_| Box::pin(acquire(1))).collect();
        let held: Vec<_> = greedy.iter_mut().filter_map(FutureExt::now_or_never).collect();
        assert_eq!(held.len(), 1);
        assert!(acquire(2).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn acquire_by_greedy_reader_leaves_memory_to_others() {
        let reads = LargeReads::default();
        let reader = || Reader::Mailbox(AccountId::new(SystemClock.now()));
        let greedy = reader();
        let mut held = vec![reads.acquire(greedy, LARGE).await.unwrap()];
        let refused = reads.acquire(greedy, LARGE).await;
        assert!(matches!(refused, Err(Error::ReadsOverloaded)), "{refused:?}");
        held.push(reads.acquire(reader(), LARGE).await.unwrap());
        for _ in 0..5 {
            held.extend(reads.acquire(reader(), LARGE).await);
        }
        assert_eq!(held.len(), 3, "all but the reserve");
        for _ in 0..4 {
            held.push(reads.acquire(reader(), 4 << 20).await.unwrap());
        }
        assert!(
            reads.acquire(greedy, 1024).await.unwrap().is_none(),
            "small reads never wait"
        );
    }
}
