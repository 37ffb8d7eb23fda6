//! Counts of the last minutes by a key of fixed size.

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// How long a count lasts after its first increment. At least twice the skew of a proof and the life of a captcha, so that none is
/// accepted twice.
pub(super) const WINDOW: Duration = Duration::from_secs(600);
/// How many keys are kept; the oldest are evicted first.
const MAX_ENTRIES: usize = 100_000;

/// The counts.
#[derive(Debug)]
pub(super) struct Recent<K>(Mutex<HashMap<K, (u32, Instant)>>);

impl<K> Default for Recent<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Copy> Recent<K> {
    /// Returns the count of a key.
    pub(super) fn count(&self, key: &K) -> u32 {
        let entries = self.0.lock();
        let found = entries.get(key).filter(|(_, since)| since.elapsed() < WINDOW);
        found.map_or(0, |(count, _)| *count)
    }

    /// Counts a key, and returns whether it was not counted before.
    pub(super) fn insert(&self, key: K) -> bool {
        self.add(key) == 1
    }

    /// Increments the count of a key, and returns it.
    pub(super) fn add(&self, key: K) -> u32 {
        let now = Instant::now();
        let mut entries = self.0.lock();
        if entries.len() >= MAX_ENTRIES {
            evict(&mut entries, now);
        }
        let entry = entries.entry(key).or_insert((0, now));
        if now.duration_since(entry.1) >= WINDOW {
            *entry = (0, now);
        }
        entry.0 = entry.0.saturating_add(1);
        entry.0
    }
}

/// Evicts counts that are over, or the older half when none is.
fn evict<K: Eq + Hash>(entries: &mut HashMap<K, (u32, Instant)>, now: Instant) {
    entries.retain(|_, (_, since)| now.duration_since(*since) < WINDOW);
    if entries.len() >= MAX_ENTRIES {
        let mut times: Vec<Instant> = entries.values().map(|(_, since)| *since).collect();
        let (_, median, _) = times.select_nth_unstable(MAX_ENTRIES / 2);
        let median = *median;
        entries.retain(|_, (_, since)| *since > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn add_of_many_keys_keeps_bounded_entries() {
        let recent = Recent::default();
        for key in 0..MAX_ENTRIES + 10 {
            recent.add(key);
        }
        assert!(recent.0.lock().len() <= MAX_ENTRIES);
        let last = MAX_ENTRIES + 9;
        assert_eq!((recent.count(&0), recent.count(&last)), (0, 1));
        recent.add(last);
        assert_eq!(recent.count(&last), 2);
    }
}
