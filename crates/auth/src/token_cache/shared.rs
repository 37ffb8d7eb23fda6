//! Marker cache that several processes share, in Redis in front of PostgreSQL.
//!
//! A miss writes a random marker, reads PostgreSQL's primary, and replaces the marker, and only its own marker, by the
//! value read. A change deletes the entry or the marker after its commit: a value read before the commit then finds no
//! marker to replace. The same holds after Redis was flushed.
//!
//! Redis may also lose a deletion: it is unreachable, or fails over to a replica or a file without it. So entries and
//! markers live for one second at most. A change that cannot delete its entry waits until every value read before its
//! commit has expired. A process ignores entries during the first seconds of a connection, in which entries from
//! before a failover may still live.

use std::{
    marker::PhantomData,
    sync::LazyLock,
    time::{Duration, Instant},
};

use mayfly_shared::redis::{
    Redis,
    redis::{Cmd, RedisError, Script, cmd},
};
use mayfly_types::random_bytes;

use super::{CacheKey, CacheValue, Lookup};

/// How long an entry lives.
const ENTRY_TTL_MS: u64 = 1_000;
/// How long a validation may read the database and still insert its result.
const MARKER_TTL_MS: u64 = 1_000;
/// After this time every value read before has expired: its marker was replaced at the last moment, and the entry lived
/// for its whole TTL.
const EXPIRED_AFTER: Duration = Duration::from_millis(ENTRY_TTL_MS + MARKER_TTL_MS + 500);
/// Between two attempts to delete an entry.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Replaces a marker by a value, if the marker still exists.
static INSERT_IF_CURRENT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 end return 0",
    )
});

pub(crate) struct MarkerCache<K, V> {
    redis: Redis,
    kind: PhantomData<fn(K) -> V>,
}

/// The marker that a miss has written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FillPermit(u128);

impl FillPermit {
    fn random() -> Self {
        Self(u128::from_ne_bytes(random_bytes()))
    }

    /// Returns the marker's text. No value begins with a question mark.
    fn marker(self) -> String {
        format!("?{:032x}", self.0)
    }
}

impl<K: CacheKey, V: CacheValue> MarkerCache<K, V> {
    pub(crate) fn new(redis: Redis) -> Self {
        Self {
            redis,
            kind: PhantomData,
        }
    }

    /// Looks a key up. Any failure of Redis is a miss.
    pub(crate) async fn get(&self, key: &K) -> Lookup<V> {
        let is_trusted = self.redis.connected_for() >= Some(EXPIRED_AFTER);
        if !is_trusted {
            return Lookup::Miss(super::FillPermit::Uncacheable);
        }
        self.find_or_mark(&redis_key(key))
            .await
            .unwrap_or(Lookup::Miss(super::FillPermit::Uncacheable))
    }

    async fn find_or_mark(&self, name: &str) -> Result<Lookup<V>, RedisError> {
        let found: Option<String> = self.redis.run(&Cmd::get(name)).await?;
        if let Some(value) = found.as_deref().and_then(V::from_text) {
            return Ok(Lookup::Hit(value));
        }
        let permit = FillPermit::random();
        let mut mark = cmd("SET");
        mark.arg(name)
            .arg(permit.marker())
            .arg("NX")
            .arg("PX")
            .arg(MARKER_TTL_MS);
        let is_marked: Option<String> = self.redis.run(&mark).await?;
        // Without a marker another validation is already reading the database: it fills the cache, and this one does not.
        Ok(Lookup::Miss(if is_marked.is_some() {
            super::FillPermit::Shared(permit)
        } else {
            super::FillPermit::Uncacheable
        }))
    }

    /// Caches a value if the permit's marker still exists.
    pub(crate) async fn insert_if_current(&self, permit: FillPermit, key: &K, value: &V) {
        let mut insert = INSERT_IF_CURRENT.key(redis_key(key));
        insert.arg(permit.marker()).arg(value.to_text()).arg(ENTRY_TTL_MS);
        let _: Result<i64, RedisError> = self.redis.run_script(&insert).await;
    }

    /// Deletes the entry or marker of a key. Returns when no value from before can be found: as soon as Redis confirms, or
    /// when all of them have expired.
    pub(crate) async fn invalidate(&self, key: &K) {
        let committed = Instant::now();
        let delete = Cmd::del(redis_key(key));
        while committed.elapsed() < EXPIRED_AFTER {
            let deleted: Result<i64, RedisError> = self.redis.run(&delete).await;
            if deleted.is_ok() {
                return;
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}

fn redis_key(key: &impl CacheKey) -> String {
    format!("mayfly:token-cache:{}", key.shared_name())
}

#[cfg(test)]
mod tests;
