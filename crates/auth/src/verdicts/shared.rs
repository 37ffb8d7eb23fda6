//! The record that several processes share, in Redis in front of PostgreSQL.
//!
//! A validation that finds nothing leaves a marker of its own, asks PostgreSQL's primary, and replaces the marker, and
//! nothing but its marker, by what it found. A change deletes the entry or the marker, whichever is there, after its
//! commit: a finding from before the commit has no marker any more to replace. Nor has it after Redis was emptied.
//!
//! Redis may also lose a deletion: it is not reached, or fails over to a replica or to a file that does not know of it.
//! So every entry and marker lives for a second at most. A change that cannot delete its entry waits until whatever was
//! remembered before its commit is gone, and a process trusts no entry that it finds within the first seconds of a
//! connection, in which entries from before the failover may still live.

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

use super::{Known, Subject, Verdict};

/// How long an entry is remembered.
const ENTRY_TTL_MS: u64 = 1_000;
/// How long a validation may ask the database and still be remembered.
const MARKER_TTL_MS: u64 = 1_000;
/// After so long whatever was found before is gone: a marker of then was replaced at its last moment, and the entry lived
/// to its own.
const FORGOTTEN_AFTER: Duration = Duration::from_millis(ENTRY_TTL_MS + MARKER_TTL_MS + 500);
/// Between two tries to forget.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Replaces a marker by a verdict, if it is there still.
static FILL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 end return 0",
    )
});

pub(crate) struct Verdicts<K, V> {
    redis: Redis,
    kind: PhantomData<fn(K) -> V>,
}

/// The marker that a validation left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked(u128);

impl Asked {
    fn new() -> Self {
        Self(u128::from_ne_bytes(random_bytes()))
    }

    /// No verdict begins like this.
    fn marker(self) -> String {
        format!("?{:032x}", self.0)
    }
}

impl<K: Subject, V: Verdict> Verdicts<K, V> {
    pub(crate) fn new(redis: Redis) -> Self {
        Self {
            redis,
            kind: PhantomData,
        }
    }

    /// Returns what is known of a subject. Whatever keeps Redis from answering is nothing known.
    pub(crate) async fn get(&self, key: &K) -> Known<V> {
        let is_trusted = self.redis.connected_for() >= Some(FORGOTTEN_AFTER);
        if !is_trusted {
            return Known::Nothing(super::Asked::Unmarked);
        }
        match self.find_or_mark(&name(key)).await {
            Ok(known) => known,
            Err(_) => Known::Nothing(super::Asked::Unmarked),
        }
    }

    async fn find_or_mark(&self, name: &str) -> Result<Known<V>, RedisError> {
        let found: Option<String> = self.redis.run(&Cmd::get(name)).await?;
        if let Some(verdict) = found.as_deref().and_then(V::from_text) {
            return Ok(Known::Verdict(verdict));
        }
        let asked = Asked::new();
        let mut mark = cmd("SET");
        mark.arg(name)
            .arg(asked.marker())
            .arg("NX")
            .arg("PX")
            .arg(MARKER_TTL_MS);
        let is_marked: Option<String> = self.redis.run(&mark).await?;
        // Another validation is on its way to the database: what it finds is remembered, and this one only used.
        Ok(Known::Nothing(if is_marked.is_some() {
            super::Asked::Shared(asked)
        } else {
            super::Asked::Unmarked
        }))
    }

    /// Remembers a verdict, if nothing has changed since its marker was left.
    pub(crate) async fn fill(&self, asked: Asked, key: &K, verdict: &V) {
        let mut fill = FILL.key(name(key));
        fill.arg(asked.marker()).arg(verdict.to_text()).arg(ENTRY_TTL_MS);
        let _: Result<i64, RedisError> = self.redis.run_script(&fill).await;
    }

    /// Returns when it is certain that nothing from before is known: at once, when Redis says so, or after everything from
    /// before has ended its life.
    pub(crate) async fn forget(&self, key: &K) {
        let committed = Instant::now();
        let delete = Cmd::del(name(key));
        while committed.elapsed() < FORGOTTEN_AFTER {
            let deleted: Result<i64, RedisError> = self.redis.run(&delete).await;
            if deleted.is_ok() {
                return;
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}

fn name(key: &impl Subject) -> String {
    format!("mayfly:verdict:{}", key.name())
}

#[cfg(test)]
mod tests;
