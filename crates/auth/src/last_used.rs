//! Records when, from where and how often tokens were used: at most every five minutes per token, in the background. A failure
//! affects no request.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use mayfly_runtime::task::Tasks;
use mayfly_types::{ClientPrefix, SharedClock, TokenId};
use moka::{policy::EvictionPolicy, sync::Cache};
use time::OffsetDateTime;
use tokio::sync::mpsc;

use crate::store::{Store, TokenUse};

/// The shortest time between two recorded uses of one token.
const MIN_INTERVAL_SECS: i64 = 300;

/// How many uses may wait for the database. Further ones are dropped: the next use is recorded instead.
const MAX_QUEUED: usize = 1_024;

/// How many tokens' last uses are cached. The database has them all, and updates no row that is not due.
const MAX_CACHED: u64 = 100_000;

/// The period in which the counts of tokens that are not used any more are recorded.
const FLUSH_EVERY: Duration = Duration::from_secs(60);

/// Records uses of tokens.
pub(crate) struct LastUsed {
    queue: mpsc::Sender<TokenUse>,
    recorded: Arc<RecordedUses>,
}

/// The uses of one token that are not recorded yet.
#[derive(Debug)]
struct Unrecorded {
    /// When a use was last recorded, in seconds of the service's clock.
    recorded_at_secs: AtomicI64,
    calls: AtomicU32,
    refused: AtomicU32,
}

impl Unrecorded {
    fn new() -> Self {
        Self {
            recorded_at_secs: AtomicI64::new(i64::MIN),
            calls: AtomicU32::new(0),
            refused: AtomicU32::new(0),
        }
    }

    /// Returns whether a use is due to be recorded. Of concurrent callers one gets `true`.
    fn is_due(&self, now_secs: i64) -> bool {
        let last = self.recorded_at_secs.load(Ordering::Relaxed);
        now_secs.saturating_sub(last) >= MIN_INTERVAL_SECS
            && self
                .recorded_at_secs
                .compare_exchange(last, now_secs, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// Takes the counts.
    fn take(&self, id: TokenId, at_secs: i64, client: Option<ClientPrefix>) -> TokenUse {
        TokenUse {
            id,
            at_secs,
            client,
            calls: self.calls.swap(0, Ordering::Relaxed),
            refused: self.refused.swap(0, Ordering::Relaxed),
        }
    }

    /// Puts counts back that were not recorded.
    fn put_back(&self, used: TokenUse) {
        self.calls.fetch_add(used.calls, Ordering::Relaxed);
        self.refused.fetch_add(used.refused, Ordering::Relaxed);
    }
}

/// The tokens that were used recently.
struct RecordedUses(Cache<TokenId, Arc<Unrecorded>>);

impl RecordedUses {
    fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(MAX_CACHED)
            .eviction_policy(EvictionPolicy::lru());
        Self(cache.build())
    }

    fn of(&self, token: TokenId) -> Arc<Unrecorded> {
        match self.0.get(&token) {
            Some(unrecorded) => unrecorded,
            None => self.0.get_with(token, || Arc::new(Unrecorded::new())),
        }
    }

    /// Takes what is not recorded of tokens whose record is not younger than the interval.
    fn take_old(&self, now_secs: i64) -> Vec<TokenUse> {
        let is_old = |uses: &Unrecorded| {
            let last = uses.recorded_at_secs.load(Ordering::Relaxed);
            let counts = uses.calls.load(Ordering::Relaxed) | uses.refused.load(Ordering::Relaxed);
            counts > 0 && now_secs.saturating_sub(last) >= MIN_INTERVAL_SECS
        };
        let old = self.0.iter().filter(|(_, uses)| is_old(uses));
        old.map(|(id, uses)| uses.take(*id, now_secs, None)).collect()
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
                    .record_token_uses(std::mem::take(&mut batch), MIN_INTERVAL_SECS)
                    .await
                {
                    tracing::warn!(%error, "cannot record when tokens were last used");
                }
            }
        });
        Self {
            queue,
            recorded: Arc::new(RecordedUses::new()),
        }
    }

    /// Starts the task that records the counts of tokens that are not used any more.
    pub(crate) fn start_flushing(&self, clock: SharedClock, tasks: &Tasks) {
        let (queue, recorded) = (self.queue.clone(), Arc::clone(&self.recorded));
        tasks.every("token usage", FLUSH_EVERY, FLUSH_EVERY, move || {
            let now_secs = clock.now().unix_timestamp();
            for used in recorded.take_old(now_secs) {
                if queue.try_send(used).is_err() {
                    recorded.of(used.id).put_back(used);
                }
            }
            std::future::ready(Ok::<(), Infallible>(()))
        });
    }

    /// Counts a use of a token, and records it if it is due.
    pub(crate) fn record(&self, token: TokenId, now: OffsetDateTime, client: Option<ClientPrefix>) {
        let (uses, now_secs) = (self.recorded.of(token), now.unix_timestamp());
        uses.calls.fetch_add(1, Ordering::Relaxed);
        if uses.is_due(now_secs) {
            let used = uses.take(token, now_secs, client);
            if self.queue.try_send(used).is_err() {
                uses.put_back(used);
            }
        }
    }

    /// Counts a call that the scopes of a token did not allow.
    pub(crate) fn count_refusal(&self, token: TokenId) {
        self.recorded.of(token).refused.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> TokenId {
        TokenId::new(OffsetDateTime::UNIX_EPOCH)
    }

    #[test]
    fn record_is_due_once_in_five_minutes() {
        let uses = Unrecorded::new();
        let due: Vec<i64> = (1_000..2_000)
            .chain(0..1_000)
            .filter(|now| uses.is_due(*now))
            .collect();
        assert_eq!(due, [1_000, 1_300, 1_600, 1_900]);
    }

    #[test]
    fn counts_of_idle_token_are_taken_after_the_interval() {
        let (recorded, id) = (RecordedUses::new(), token());
        let uses = recorded.of(id);
        uses.calls.fetch_add(2, Ordering::Relaxed);
        uses.refused.fetch_add(1, Ordering::Relaxed);
        assert!(uses.is_due(1_000));
        assert!(recorded.take_old(1_299).is_empty());
        let taken = recorded.take_old(1_300);
        assert_eq!((taken.len(), taken[0].calls, taken[0].refused), (1, 2, 1));
        assert!(recorded.take_old(1_300).is_empty());
    }

    #[test]
    fn recorded_uses_are_bounded() {
        let recorded = RecordedUses::new();
        for _ in 0..MAX_CACHED + 10_000 {
            recorded.of(token());
        }
        recorded.0.run_pending_tasks();
        assert!(recorded.0.entry_count() <= MAX_CACHED);
    }
}
