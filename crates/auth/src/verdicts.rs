//! What is known of subjects and tokens, in front of the database, so that most validations need not ask it.
//!
//! "Revoked is revoked" holds although these are copies: a change *forgets* what is known after its commit and before its
//! answer, and what a validation found by asking *before* such a change is never remembered *after* it. Where that is kept
//! depends on who else writes to the database; see [`memory`] and [`shared`], and decisions 2 and 4.

mod memory;
mod shared;

use std::{future::Future, hash::Hash};

use mayfly_shared::redis::Redis;

/// What is known of things of one kind.
pub(crate) enum Verdicts<K, V> {
    /// This process alone writes to the database, so its memory is the record.
    Memory(memory::Verdicts<K, V>),
    /// Several do, and share a record in Redis.
    Shared(shared::Verdicts<K, V>),
    /// Several may, and share none: each validation asks the database.
    None,
}

/// Something that verdicts are about.
pub(crate) trait Subject: Hash + Eq + Clone + Send + Sync {
    /// Returns its name in a record that processes share: unique, and nothing that could be used as a credential.
    fn name(&self) -> String;
}

/// A verdict, as processes tell it each other.
pub(crate) trait Verdict: Clone + Send + Sync {
    /// Writes it. No two versions of this program may mean different things by one text.
    fn to_text(&self) -> String;
    /// Reads it. What cannot be read is not known.
    fn from_text(text: &str) -> Option<Self>;
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
pub(crate) enum Asked {
    Memory(memory::Asked),
    Shared(shared::Asked),
    /// What comes of it is not to be remembered.
    Unmarked,
}

impl<K: Subject, V: Verdict> Verdicts<K, V> {
    /// Chooses the record that is right for a database.
    pub(crate) fn new(is_shared: bool, redis: Option<Redis>, max_entries: usize) -> Self {
        match (is_shared, redis) {
            (false, _) => Self::Memory(memory::Verdicts::new(max_entries)),
            (true, Some(redis)) => Self::Shared(shared::Verdicts::new(redis)),
            (true, None) => Self::None,
        }
    }

    /// Returns what is known of a subject.
    pub(crate) async fn get(&self, key: &K) -> Known<V> {
        match self {
            Self::Memory(memory) => match memory.get(key) {
                memory::Known::Verdict(verdict) => Known::Verdict(verdict),
                memory::Known::Nothing(asked) => Known::Nothing(Asked::Memory(asked)),
            },
            Self::Shared(shared) => shared.get(key).await,
            Self::None => Known::Nothing(Asked::Unmarked),
        }
    }

    /// Remembers what the database answered, unless the subject may have changed since it was asked, and returns what
    /// counts.
    pub(crate) async fn fill(&self, asked: Asked, key: K, verdict: V) -> V {
        match (self, asked) {
            (Self::Memory(memory), Asked::Memory(asked)) => memory.fill(asked, key, verdict),
            (Self::Shared(shared), Asked::Shared(asked)) => {
                shared.fill(asked, &key, &verdict).await;
                verdict
            }
            _ => verdict,
        }
    }

    /// Changes a subject. When this returns, whatever came of it, no validation that begins finds what was known before.
    pub(crate) async fn change<T>(&self, key: K, change: impl Future<Output = T>) -> T {
        match self {
            Self::Memory(memory) => {
                // The guard forgets also when the change panics.
                let _changing = memory.changing(key);
                change.await
            }
            Self::Shared(shared) => {
                let outcome = change.await;
                shared.forget(&key).await;
                outcome
            }
            Self::None => change.await,
        }
    }
}
