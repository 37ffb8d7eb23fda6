//! The record of a process that alone writes to its database (`Database` holds a lock on the file): every change passes
//! here. A validation that asked the database *before* a change may not write what it found *after* it: each forgetting
//! moves the shard's epoch, and a finding of an older epoch is dropped, also when the entry that it would contradict is
//! long evicted. Forgetting rather than writing the new state makes the order in which concurrent changes get here
//! irrelevant.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    mem,
};

use parking_lot::{Mutex, MutexGuard};

const SHARDS: usize = 64;

/// A bounded map of verdicts. `V` is cheap to clone.
pub(crate) struct Verdicts<K, V> {
    shards: Vec<Mutex<Shard<K, V>>>,
    hasher: RandomState,
    /// Entries of one half of one shard.
    max_half: usize,
}

/// Entries live in two halves. Those in use move to the recent one; when it is full it becomes the old one, and what was
/// old and not used since is dropped.
struct Shard<K, V> {
    epoch: u64,
    recent: HashMap<K, V>,
    old: HashMap<K, V>,
}

/// What a validation found here.
pub(crate) enum Known<V> {
    /// The verdict.
    Verdict(V),
    /// Nothing: ask the database, then give the answer to [`Verdicts::fill`] with this.
    Nothing(Asked),
}

/// Proof of when a validation began to ask the database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    epoch: u64,
}

impl<K: Hash + Eq + Clone, V: Clone> Verdicts<K, V> {
    /// Makes an empty record of about `max_entries` at most.
    pub(crate) fn new(max_entries: usize) -> Self {
        let empty = || Shard {
            epoch: 0,
            recent: HashMap::new(),
            old: HashMap::new(),
        };
        Self {
            shards: (0..SHARDS).map(|_| Mutex::new(empty())).collect(),
            hasher: RandomState::new(),
            max_half: (max_entries / SHARDS / 2).max(1),
        }
    }

    /// Returns what is known of a key.
    pub(crate) fn get(&self, key: &K) -> Known<V> {
        let mut shard = self.shard(key);
        if let Some(verdict) = shard.recent.get(key) {
            return Known::Verdict(verdict.clone());
        }
        if let Some(verdict) = shard.old.remove(key) {
            shard.insert(key.clone(), verdict.clone(), self.max_half);
            return Known::Verdict(verdict);
        }
        Known::Nothing(Asked { epoch: shard.epoch })
    }

    /// Remembers what the database answered, unless something was forgotten since it was asked, and returns what counts:
    /// what another validation has remembered meanwhile comes first.
    pub(crate) fn fill(&self, asked: Asked, key: K, verdict: V) -> V {
        let mut shard = self.shard(&key);
        if shard.epoch != asked.epoch {
            return verdict;
        }
        if let Some(known) = shard.recent.get(&key).or_else(|| shard.old.get(&key)) {
            return known.clone();
        }
        shard.insert(key, verdict.clone(), self.max_half);
        verdict
    }

    /// Says that a key is about to change. When the guard goes, and the change has happened, failed or panicked, what was
    /// known is forgotten.
    pub(crate) fn changing(&self, key: K) -> Changing<'_, K, V> {
        Changing { verdicts: self, key }
    }

    fn forget(&self, key: &K) {
        let mut shard = self.shard(key);
        shard.epoch += 1;
        shard.recent.remove(key);
        shard.old.remove(key);
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "any bits of the hash choose a shard"
    )]
    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K, V>> {
        let index = self.hasher.hash_one(key) as usize % SHARDS;
        self.shards[index].lock()
    }
}

impl<K: Hash + Eq, V> Shard<K, V> {
    fn insert(&mut self, key: K, verdict: V, max_half: usize) {
        if self.recent.len() >= max_half {
            self.old = mem::take(&mut self.recent);
        }
        self.recent.insert(key, verdict);
    }
}

/// A change under way; see [`Verdicts::changing`].
pub(crate) struct Changing<'a, K: Hash + Eq + Clone, V: Clone> {
    verdicts: &'a Verdicts<K, V>,
    key: K,
}

impl<K: Hash + Eq + Clone, V: Clone> Drop for Changing<'_, K, V> {
    fn drop(&mut self) {
        self.verdicts.forget(&self.key);
    }
}

#[cfg(test)]
mod tests;
