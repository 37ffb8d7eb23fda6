//! Token buckets in the memory of one process, by key. The number of keys is bounded.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::ready,
    hash::{BuildHasher, Hash},
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use mayfly_runtime::task::Tasks;
use parking_lot::Mutex;

/// How many keys have a bucket of their own. Further ones share some until others are full again.
pub const MAX_KEYS: usize = 100_000;
/// How many buckets are shared.
const SHARED_BUCKETS: u64 = 4096;
/// How often full buckets are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(10);

/// Token buckets of one size, by key. A bucket that is full takes no memory. The algorithm is that of
/// [`SharedBucket`](super::SharedBucket).
#[derive(Debug, Clone)]
pub struct LocalBuckets<K> {
    arrivals: Arc<Mutex<Arrivals<K>>>,
    interval: Duration,
    window: Duration,
}

/// The theoretical arrival times (GCRA). One in the past is a full bucket.
#[derive(Debug)]
struct Arrivals<K> {
    of_key: HashMap<K, Instant>,
    /// Those of the keys for which `of_key` has no room, by a part of their hash.
    shared: HashMap<u64, Instant>,
}

impl<K: Hash + Eq + Copy + Send + 'static> LocalBuckets<K> {
    /// Creates buckets of `count` tokens, which an empty one regains in `window`. A task of this name removes full ones.
    pub fn start(task: &'static str, count: NonZeroU32, window: Duration, tasks: &Tasks) -> Self {
        let interval = window / count.get();
        let buckets = Self {
            arrivals: Arc::new(Mutex::new(Arrivals::default())),
            interval,
            // Rounded down like the interval, so that a full bucket has exactly `count` tokens.
            window: interval * count.get(),
        };
        let arrivals = Arc::clone(&buckets.arrivals);
        tasks.every(task, PRUNE_EVERY, PRUNE_EVERY, move || {
            arrivals.lock().prune(Instant::now());
            ready(Ok::<(), Infallible>(()))
        });
        buckets
    }

    /// Returns whether a bucket has a token, without taking it.
    ///
    /// # Errors
    /// The time until the next token.
    pub fn check(&self, key: &K) -> Result<(), Duration> {
        let now = Instant::now();
        let arrival = self.arrivals.lock().get(key);
        self.next_arrival(arrival, now, 1).map(drop)
    }

    /// Takes a token.
    ///
    /// # Errors
    /// The time until the next one.
    pub fn take(&self, key: K) -> Result<(), Duration> {
        self.take_many(key, 1)
    }

    /// Takes some tokens, or none.
    ///
    /// # Errors
    /// The time until there are as many.
    pub fn take_many(&self, key: K, count: u32) -> Result<(), Duration> {
        let now = Instant::now();
        let mut arrivals = self.arrivals.lock();
        let next = self.next_arrival(arrivals.get(&key), now, count)?;
        arrivals.set(key, next);
        Ok(())
    }

    /// Returns a token.
    pub fn give_back(&self, key: &K) {
        let mut arrivals = self.arrivals.lock();
        // Without an earlier time the bucket is full long ago.
        if let Some(earlier) = arrivals
            .get(key)
            .and_then(|arrival| arrival.checked_sub(self.interval))
        {
            arrivals.set(*key, earlier);
        }
    }

    fn next_arrival(&self, arrival: Option<Instant>, now: Instant, count: u32) -> Result<Instant, Duration> {
        let next = arrival.map_or(now, |arrival| arrival.max(now)) + self.interval * count;
        match next.saturating_duration_since(now).checked_sub(self.window) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => Ok(next),
        }
    }
}

impl<K> Default for Arrivals<K> {
    fn default() -> Self {
        Self {
            of_key: HashMap::new(),
            shared: HashMap::new(),
        }
    }
}

impl<K: Hash + Eq> Arrivals<K> {
    /// Returns whether a key has a bucket of its own.
    fn has_own(&self, key: &K) -> bool {
        self.of_key.len() < MAX_KEYS || self.of_key.contains_key(key)
    }

    fn shared_key(&self, key: &K) -> u64 {
        self.of_key.hasher().hash_one(key) % SHARED_BUCKETS
    }

    fn get(&self, key: &K) -> Option<Instant> {
        let arrival = match self.has_own(key) {
            true => self.of_key.get(key),
            false => self.shared.get(&self.shared_key(key)),
        };
        arrival.copied()
    }

    fn set(&mut self, key: K, arrival: Instant) {
        if self.has_own(&key) {
            self.of_key.insert(key, arrival);
        } else {
            self.shared.insert(self.shared_key(&key), arrival);
        }
    }

    fn prune(&mut self, now: Instant) {
        self.of_key.retain(|_, arrival| *arrival > now);
        self.of_key.shrink_to_fit();
        self.shared.retain(|_, arrival| *arrival > now);
        self.shared.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn buckets(count: u32, window: Duration) -> LocalBuckets<usize> {
        let tasks = Tasks::new(CancellationToken::new());
        LocalBuckets::start("test buckets", NonZeroU32::new(count).unwrap(), window, &tasks)
    }

    #[tokio::test]
    async fn take_beyond_count_waits_for_the_next_token() {
        let hour = Duration::from_secs(3600);
        let buckets = buckets(7, hour);
        for _ in 0..7 {
            buckets.check(&1).unwrap();
            buckets.take(1).unwrap();
        }
        let wait = buckets.take(1).unwrap_err();
        assert!(wait <= hour / 7 && wait >= hour / 8, "{wait:?}");
        assert!(buckets.check(&1).is_err());
        buckets.take(2).unwrap();
        buckets.take_many(3, 4).unwrap();
        buckets.take_many(3, 4).unwrap_err();
        buckets.take_many(3, 3).unwrap();
        buckets.give_back(&1);
        buckets.check(&1).unwrap();
        buckets.take(1).unwrap();
        buckets.take(1).unwrap_err();
    }

    #[tokio::test]
    async fn take_after_the_wait_succeeds() {
        let buckets = buckets(1, Duration::from_millis(20));
        buckets.take(1).unwrap();
        while let Err(wait) = buckets.take(1) {
            assert!(wait <= Duration::from_millis(20));
            tokio::time::sleep(wait).await;
        }
    }

    #[tokio::test]
    async fn take_for_many_keys_keeps_bounded_memory() {
        let buckets = buckets(1, Duration::from_secs(3600));
        for key in 0..MAX_KEYS {
            buckets.take(key).unwrap();
        }
        // Further keys are limited too, and some of them by the same bucket.
        let further = 2 * usize::try_from(SHARED_BUCKETS).unwrap();
        let passed = (MAX_KEYS..MAX_KEYS + further).filter(|key| buckets.take(*key).is_ok());
        assert!(passed.count() <= further / 2);
        for key in [0, MAX_KEYS] {
            buckets.check(&key).unwrap_err();
            buckets.take(key).unwrap_err();
        }
        let mut arrivals = buckets.arrivals.lock();
        assert_eq!(arrivals.of_key.len(), MAX_KEYS);
        assert!(arrivals.shared.len() <= further / 2);
        arrivals.prune(Instant::now() + Duration::from_secs(3601));
        assert_eq!((arrivals.of_key.capacity(), arrivals.shared.capacity()), (0, 0));
    }
}
