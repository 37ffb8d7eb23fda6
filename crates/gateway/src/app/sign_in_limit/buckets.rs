//! The token buckets of one process, in a bounded memory.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use super::{AccountHash, Key, Limit};

/// How many buckets of each kind are kept, of known clients and of attempts by others. The oldest are evicted first.
pub(super) const MAX_ENTRIES: usize = 100_000;
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// A token bucket.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    updated: Instant,
}

/// The buckets. Known clients are apart, so that attempts by others evict none.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    known: HashMap<Key, Bucket>,
    others: HashMap<Key, Bucket>,
}

impl Buckets {
    fn of(&mut self, key: &Key) -> &mut HashMap<Key, Bucket> {
        match key {
            Key::Known(..) => &mut self.known,
            Key::Unknown(..) | Key::Client(_) | Key::Account(_) => &mut self.others,
        }
    }

    pub(super) fn is_known(&self, account: AccountHash, client: IpAddr) -> bool {
        self.known.contains_key(&Key::Known(account, client))
    }

    /// Gives a client a bucket of its own for an account.
    pub(super) fn remember(&mut self, account: AccountHash, client: IpAddr, per_minute: u32) {
        if self.known.len() >= MAX_ENTRIES {
            evict_older_half(&mut self.known);
        }
        let bucket = Bucket {
            tokens: f64::from(per_minute),
            updated: Instant::now(),
        };
        self.known.entry(Key::Known(account, client)).or_insert(bucket);
    }

    /// Takes a token, if need be one that is free within `max_delay`. Returns how long to wait for it, or when to try again.
    pub(super) fn take(&mut self, limit: &Limit) -> Result<Duration, Duration> {
        let now = Instant::now();
        if self.others.len() >= MAX_ENTRIES {
            self.others
                .retain(|_, bucket| now.duration_since(bucket.updated) < MINUTE);
            if self.others.len() >= MAX_ENTRIES {
                evict_older_half(&mut self.others);
            }
        }
        let capacity = f64::from(limit.per_minute);
        let bucket = self.of(&limit.key).entry(limit.key).or_insert(Bucket {
            tokens: capacity,
            updated: now,
        });
        let refill = now.duration_since(bucket.updated).as_secs_f64() / MINUTE.as_secs_f64() * capacity;
        bucket.tokens = (bucket.tokens + refill).min(capacity);
        bucket.updated = now;
        let wait = ((1.0 - bucket.tokens) / capacity * MINUTE.as_secs_f64()).max(0.0);
        let wait = Duration::from_secs_f64(wait);
        if wait > limit.max_delay {
            return Err(wait);
        }
        bucket.tokens -= 1.0;
        Ok(wait)
    }

    pub(super) fn give_back(&mut self, key: &Key) {
        if let Some(bucket) = self.of(key).get_mut(key) {
            bucket.tokens += 1.0;
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len() + self.others.len()
    }
}

fn evict_older_half(buckets: &mut HashMap<Key, Bucket>) {
    let mut times: Vec<Instant> = buckets.values().map(|bucket| bucket.updated).collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    buckets.retain(|_, bucket| bucket.updated > median);
}
