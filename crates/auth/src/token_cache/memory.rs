//! Read-epoch cache of the only process that writes to its database (`Database` holds a lock on the file). Every change
//! passes through this cache.
//!
//! Each shard of the keys has an epoch. A miss copies the epoch into the permit, an invalidation increments it, and an
//! insertion requires that both are equal. The shard's lock makes the comparison and the insertion one step. `moka`
//! bounds the entries; it evicts entries and never an epoch, so an old permit stays invalid for ever.

use std::hash::{BuildHasher, Hash, RandomState};

use moka::{policy::EvictionPolicy, sync::Cache};
use parking_lot::Mutex;

use super::Lookup;

/// An invalidation also voids the permits of other keys in its shard; with so many shards that is rare.
const SHARDS: usize = 64;

/// A bounded map. `V` is cheap to clone.
pub(crate) struct EpochCache<K, V> {
    entries: Cache<K, V>,
    epochs: Box<[Mutex<u64>]>,
    hasher: RandomState,
}

/// The epoch of a key's shard before the database was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FillPermit {
    epoch: u64,
}

impl<K, V> EpochCache<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Makes an empty cache of at most about `max_entries`. The least recently used entries are evicted first.
    pub(crate) fn new(max_entries: u64) -> Self {
        Self {
            entries: Cache::builder()
                .max_capacity(max_entries)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            epochs: (0..SHARDS).map(|_| Mutex::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Lookup<V> {
        match self.entries.get(key) {
            Some(value) => Lookup::Hit(value),
            None => {
                let epoch = *self.epoch(key).lock();
                Lookup::Miss(super::FillPermit::Memory(FillPermit { epoch }))
            }
        }
    }

    pub(crate) fn insert_if_current(&self, permit: FillPermit, key: K, value: V) -> V {
        let epoch = self.epoch(&key).lock();
        if *epoch != permit.epoch {
            return value;
        }
        if let Some(cached) = self.entries.get(&key) {
            return cached;
        }
        self.entries.insert(key, value.clone());
        value
    }

    /// Begins a change of a key. Dropping the guard, after success, failure or a panic, invalidates the key.
    pub(crate) fn begin_change(&self, key: K) -> ChangeGuard<'_, K, V> {
        ChangeGuard { cache: self, key }
    }

    fn invalidate(&self, key: &K) {
        let mut epoch = self.epoch(key).lock();
        *epoch += 1;
        self.entries.invalidate(key);
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "any bits of the hash choose a shard"
    )]
    fn epoch(&self, key: &K) -> &Mutex<u64> {
        &self.epochs[self.hasher.hash_one(key) as usize % SHARDS]
    }
}

/// A change in progress; see [`EpochCache::begin_change`].
pub(crate) struct ChangeGuard<'a, K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    cache: &'a EpochCache<K, V>,
    key: K,
}

impl<K, V> Drop for ChangeGuard<'_, K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn drop(&mut self) {
        self.cache.invalidate(&self.key);
    }
}

#[cfg(test)]
mod tests;
