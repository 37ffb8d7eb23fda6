//! Cache in front of the database: generations of subjects and states of Pro tokens. Most validations read nothing else.
//!
//! A cached value must not survive a revocation (promise 2 of the design). Forbidden is this interleaving of a validation V
//! and a revocation R, after which every later validation would accept a revoked token:
//!
//! ```text
//! V: cache miss
//! V: reads "valid" from the database
//!                                       R: commits "revoked"
//!                                       R: invalidates the cache entry, answers its caller
//! V: inserts "valid"
//! ```
//!
//! A miss therefore returns a [`FillPermit`], taken *before* V reads the database. R invalidates the entry and all
//! permits that were taken before, *after* its commit and *before* its answer. [`TokenCache::insert_if_current`] with an
//! invalid permit inserts nothing. R invalidates instead of writing the new state, so the order in which concurrent
//! changes reach the cache does not matter.
//!
//! The permit depends on who else writes to the database: an epoch in [`memory`] if this process is the only writer
//! (ADR 2), a marker in Redis if there are several ([`shared`], ADR 4).

mod memory;
mod shared;

use std::{future::Future, hash::Hash};

use mayfly_shared::redis::Redis;

/// A cache of values of one kind.
pub(crate) enum TokenCache<K, V> {
    /// This process is the only writer of the database.
    Memory(memory::EpochCache<K, V>),
    /// Several processes write, and share a cache in Redis.
    Shared(shared::MarkerCache<K, V>),
    /// Several processes may write, and share no cache: each validation reads the database.
    Disabled,
}

/// What a value is cached for.
pub(crate) trait CacheKey: Hash + Eq + Clone + Send + Sync + 'static {
    /// Returns the key's name in a shared cache: unique, and not usable as a credential.
    fn shared_name(&self) -> String;
}

/// A value as processes exchange it through a shared cache.
pub(crate) trait CacheValue: Clone + Send + Sync + 'static {
    /// Encodes the value. Versions of this program must agree on the meaning of a text.
    fn to_text(&self) -> String;
    /// Decodes a value. A text that cannot be decoded is a cache miss.
    fn from_text(text: &str) -> Option<Self>;
}

/// The result of a look-up.
pub(crate) enum Lookup<V> {
    /// The cached value.
    Hit(V),
    /// Read the database, then pass the result and this permit to [`TokenCache::insert_if_current`].
    Miss(FillPermit),
}

/// Permission to insert what the database returns, valid until the key is invalidated.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FillPermit {
    Memory(memory::FillPermit),
    Shared(shared::FillPermit),
    /// The result is used once and not cached.
    Uncacheable,
}

impl<K: CacheKey, V: CacheValue> TokenCache<K, V> {
    /// Chooses the cache that is safe for a database.
    pub(crate) fn new(is_shared: bool, redis: Option<Redis>, max_entries: u64) -> Self {
        match (is_shared, redis) {
            (false, _) => Self::Memory(memory::EpochCache::new(max_entries)),
            (true, Some(redis)) => Self::Shared(shared::MarkerCache::new(redis)),
            (true, None) => Self::Disabled,
        }
    }

    /// Returns the cached value of a key, or a permit to insert one.
    pub(crate) async fn get(&self, key: &K) -> Lookup<V> {
        match self {
            Self::Memory(memory) => memory.get(key),
            Self::Shared(shared) => shared.get(key).await,
            Self::Disabled => Lookup::Miss(FillPermit::Uncacheable),
        }
    }

    /// Caches what the database returned, unless the key was invalidated since the permit was taken. Returns the value to
    /// use: an entry that is already cached takes precedence.
    pub(crate) async fn insert_if_current(&self, permit: FillPermit, key: K, value: V) -> V {
        match (self, permit) {
            (Self::Memory(memory), FillPermit::Memory(permit)) => {
                memory.insert_if_current(permit, key, value)
            }
            (Self::Shared(shared), FillPermit::Shared(permit)) => {
                shared.insert_if_current(permit, &key, &value).await;
                value
            }
            _ => value,
        }
    }

    /// Runs a change of a key. When this returns, whatever the outcome, no look-up that begins finds a value from before.
    pub(crate) async fn change<T>(&self, key: K, change: impl Future<Output = T>) -> T {
        match self {
            Self::Memory(memory) => {
                // The guard invalidates the key even if the change panics.
                let _guard = memory.begin_change(key);
                change.await
            }
            Self::Shared(shared) => {
                let outcome = change.await;
                shared.invalidate(&key).await;
                outcome
            }
            Self::Disabled => change.await,
        }
    }
}
