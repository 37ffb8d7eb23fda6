//! How much one token can call: an agent in a loop stops here.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use mayfly_rpc::Failure;
use mayfly_runtime::{
    shares::{Bounds, Share, Shares},
    task::Tasks,
};
use mayfly_shared::{
    limits::{LocalBuckets, SharedBucket},
    redis::Redis,
};
use sha2::{Digest, Sha256};

/// Calls of tools of one token in a minute, over all gateways that share a Redis.
const MAX_CALLS: u32 = 60;
const MINUTE: Duration = Duration::from_secs(60);
/// Waits of one token at one time, in one process. All waits together are bounded by `gateway.max_streams`.
const MAX_WAITS: Bounds = Bounds {
    total: u64::MAX,
    share: 8,
    reserve: 0,
    small: 0,
};

/// The first bytes of a hash: equal for equal texts, and of one size.
type Key = [u8; 16];

/// The limits of one process.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    redis: Option<Redis>,
    calls: LocalBuckets<Key>,
    waits: Arc<Shares<Key>>,
}

impl Limits {
    pub(super) fn start(redis: Option<Redis>, tasks: &Tasks) -> Self {
        let max_calls = NonZeroU32::new(MAX_CALLS).unwrap_or(NonZeroU32::MIN);
        Self {
            redis,
            calls: LocalBuckets::start("MCP limit pruning", max_calls, MINUTE, tasks),
            waits: Shares::new(MAX_WAITS),
        }
    }

    /// Counts a call.
    ///
    /// # Errors
    /// `RateLimited` above the limit.
    pub(super) async fn take_call(&self, caller: &str) -> Result<(), Failure> {
        self.calls.take(key(caller)).map_err(Failure::rate_limited)?;
        let Some(redis) = &self.redis else {
            return Ok(());
        };
        let bucket = SharedBucket::new(&format!("mcp:{caller}"), MAX_CALLS, MINUTE);
        bucket.take(redis).await.map_err(Failure::rate_limited)
    }

    /// Begins a wait, which lasts until the share is dropped.
    ///
    /// # Errors
    /// `RateLimited` above the limit.
    pub(super) fn begin_wait(&self, caller: &str) -> Result<Share<Key>, Failure> {
        let share = self.waits.take(key(caller), 1);
        share.map_err(|_| Failure::rate_limited(Duration::from_secs(1)))
    }
}

fn key(caller: &str) -> Key {
    let digest = Sha256::digest(caller);
    let mut key = Key::default();
    key.copy_from_slice(&digest[..16]);
    key
}
