//! The token buckets of one process, in a bounded memory.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{AccountHash, Key, Limit, Tokens};

/// How many buckets of each kind are kept, of known clients and of attempts by others. The fullest are evicted first.
pub(super) const MAX_ENTRIES: usize = 100_000;

/// The buckets, as theoretical arrival times (GCRA). Known clients are apart, so that attempts by others evict none.
#[derive(Debug, Default)]
pub(super) struct Buckets(Mutex<Maps>);

#[derive(Debug, Default)]
struct Maps {
    known: HashMap<Key, Instant>,
    others: HashMap<Key, Instant>,
}

impl Buckets {
    pub(super) fn is_known(&self, account: AccountHash, client: IpAddr) -> bool {
        self.0.lock().known.contains_key(&Key::Known(account, client))
    }

    /// Gives a client a bucket of its own for an account.
    pub(super) fn remember(&self, account: AccountHash, client: IpAddr) {
        let known = &mut self.0.lock().known;
        if known.len() >= MAX_ENTRIES {
            evict_fuller_half(known);
        }
        known
            .entry(Key::Known(account, client))
            .or_insert_with(Instant::now);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let maps = self.0.lock();
        maps.known.len() + maps.others.len()
    }
}

impl Maps {
    fn of(&mut self, key: &Key) -> &mut HashMap<Key, Instant> {
        match key {
            Key::Known(..) => &mut self.known,
            _ => &mut self.others,
        }
    }
}

impl Tokens for Buckets {
    async fn take(&self, limit: &Limit) -> Result<Duration, Duration> {
        let mut maps = self.0.lock();
        let now = Instant::now();
        if maps.others.len() >= MAX_ENTRIES {
            maps.others.retain(|_, arrival| *arrival > now);
            if maps.others.len() >= MAX_ENTRIES {
                evict_fuller_half(&mut maps.others);
            }
        }
        let arrival = maps.of(&limit.key).entry(limit.key).or_insert(now);
        let next = (*arrival).max(now) + limit.interval();
        let wait = (next - now).saturating_sub(limit.window);
        if wait > limit.max_delay {
            return Err(wait);
        }
        *arrival = next;
        Ok(wait)
    }

    async fn give_back(&self, limit: &Limit) {
        if let Some(arrival) = self.0.lock().of(&limit.key).get_mut(&limit.key) {
            *arrival = arrival.checked_sub(limit.interval()).unwrap_or(*arrival);
        }
    }
}

/// Removes the buckets that are full, or will be first.
fn evict_fuller_half(arrivals: &mut HashMap<Key, Instant>) {
    let mut times: Vec<Instant> = arrivals.values().copied().collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    arrivals.retain(|_, arrival| *arrival > median);
}
