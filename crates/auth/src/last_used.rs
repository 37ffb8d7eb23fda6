//! Records when tokens were last used: at most every five minutes per token, in the background. A failure affects no request.

use std::sync::Arc;

use mayfly_runtime::task::Tasks;
use mayfly_types::TokenId;
use moka::{
    ops::compute::{CompResult, Op},
    policy::EvictionPolicy,
    sync::Cache,
};
use time::OffsetDateTime;
use tokio::sync::mpsc;

use crate::store::Store;

/// The shortest time between two recorded uses of one token.
const MIN_INTERVAL_SECS: i64 = 300;

/// How many uses may wait for the database. Further ones are dropped: the next use is recorded instead.
const MAX_QUEUED: usize = 1_024;

/// How many tokens' last uses are cached. The database has them all, and updates no row that is not due.
const MAX_CACHED: u64 = 100_000;

/// Records uses of tokens.
pub(crate) struct LastUsed {
    queue: mpsc::Sender<(TokenId, i64)>,
    recorded: RecordedUses,
}

/// The last recorded use of each token, in seconds of the service's clock.
struct RecordedUses(Cache<TokenId, i64>);

impl RecordedUses {
    fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(MAX_CACHED)
            .eviction_policy(EvictionPolicy::lru());
        Self(cache.build())
    }

    /// Records a use if it is due, and returns whether it was. Of concurrent callers one gets `true`.
    fn record_if_due(&self, token: TokenId, now_secs: i64) -> bool {
        let is_due = |last: i64| now_secs.saturating_sub(last) >= MIN_INTERVAL_SECS;
        // Most uses end here, without the entry's lock.
        if self.0.get(&token).is_some_and(|last| !is_due(last)) {
            return false;
        }
        let outcome = self.0.entry(token).and_compute_with(|entry| match entry {
            Some(entry) if !is_due(*entry.value()) => Op::Nop,
            _ => Op::Put(now_secs),
        });
        matches!(outcome, CompResult::Inserted(_) | CompResult::ReplacedWith(_))
    }
}

impl LastUsed {
    /// Starts the task that writes to the database. At shutdown it writes what is queued.
    pub(crate) fn start(store: Arc<Store>, tasks: &Tasks) -> Self {
        let (queue, mut uses) = mpsc::channel(MAX_QUEUED);
        let stopping = tasks.stopping();
        tasks.spawn(async move {
            let mut batch = Vec::new();
            loop {
                tokio::select! {
                    biased;
                    received = uses.recv_many(&mut batch, MAX_QUEUED) => if received == 0 { return },
                    () = stopping.cancelled() => return,
                }
                if let Err(error) = store
                    .touch_pro_tokens(std::mem::take(&mut batch), MIN_INTERVAL_SECS)
                    .await
                {
                    tracing::warn!(%error, "cannot record when tokens were last used");
                }
            }
        });
        Self {
            queue,
            recorded: RecordedUses::new(),
        }
    }

    /// Records a use of a token if it is due.
    pub(crate) fn record(&self, token: TokenId, now: OffsetDateTime) {
        let now_secs = now.unix_timestamp();
        if self.recorded.record_if_due(token, now_secs) {
            let _ = self.queue.try_send((token, now_secs));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_is_due_once_in_five_minutes() {
        let (recorded, token) = (RecordedUses::new(), TokenId::new(OffsetDateTime::UNIX_EPOCH));
        let due: Vec<i64> = (1_000..2_000)
            .chain(0..1_000)
            .filter(|now| recorded.record_if_due(token, *now))
            .collect();
        assert_eq!(due, [1_000, 1_300, 1_600, 1_900]);
        assert!(recorded.record_if_due(TokenId::new(OffsetDateTime::UNIX_EPOCH), 1_000));
    }

    #[test]
    fn recorded_uses_are_bounded() {
        let recorded = RecordedUses::new();
        for _ in 0..MAX_CACHED + 10_000 {
            recorded.record_if_due(TokenId::new(OffsetDateTime::UNIX_EPOCH), 1_000);
        }
        recorded.0.run_pending_tasks();
        assert!(recorded.0.entry_count() <= MAX_CACHED);
    }
}
