//! Notes when tokens were last used: seldom, beside the requests, and without any power to slow or fail them.

use std::{collections::HashMap, sync::Arc};

use mayfly_runtime::task::Tasks;
use mayfly_types::TokenId;
use parking_lot::Mutex;
use time::OffsetDateTime;
use tokio::sync::mpsc;

use crate::store::Store;

/// How far two noted uses of one token are apart at least.
const MIN_APART_SECS: i64 = 300;

/// How many uses may wait for the database. Beyond it they are dropped: the next one is five minutes away.
const MAX_WAITING: usize = 1_024;

/// How many tokens' last uses are known here, 4 MB. The database knows them all, and notes none that is not due.
const MAX_KNOWN: usize = 100_000;

/// Where uses are told.
pub(crate) struct LastUsed {
    waiting: mpsc::Sender<(TokenId, i64)>,
    known: Mutex<Known>,
}

/// The last use of each token that was told.
#[derive(Debug, Default)]
struct Known(HashMap<TokenId, i64>);

impl Known {
    /// Tells whether a use is due to be noted. Of callers at one moment, one is told so.
    fn is_due(&mut self, token: TokenId, now_secs: i64) -> bool {
        if self.0.len() >= MAX_KNOWN && !self.0.contains_key(&token) {
            self.0.clear();
        }
        let last = self.0.entry(token).or_insert(i64::MIN);
        let is_due = now_secs.saturating_sub(*last) >= MIN_APART_SECS;
        if is_due {
            *last = now_secs;
        }
        is_due
    }
}

impl LastUsed {
    /// Starts the task that writes. At shutdown it writes what it has been told before.
    pub(crate) fn start(store: Arc<Store>, tasks: &Tasks) -> Self {
        let (sender, mut uses) = mpsc::channel(MAX_WAITING);
        let stopping = tasks.stopping();
        tasks.spawn(async move {
            let mut batch = Vec::new();
            loop {
                tokio::select! {
                    biased;
                    received = uses.recv_many(&mut batch, MAX_WAITING) => if received == 0 { return },
                    () = stopping.cancelled() => return,
                }
                if let Err(error) = store
                    .touch_pro_tokens(std::mem::take(&mut batch), MIN_APART_SECS)
                    .await
                {
                    tracing::warn!(%error, "cannot note when tokens were last used");
                }
            }
        });
        Self {
            waiting: sender,
            known: Mutex::default(),
        }
    }

    /// Takes note of a use, if one is due.
    pub(crate) fn note(&self, token: TokenId, now: OffsetDateTime) {
        let now_secs = now.unix_timestamp();
        let is_due = self.known.lock().is_due(token, now_secs);
        if is_due {
            let _ = self.waiting.try_send((token, now_secs));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_use_in_five_minutes_is_due() {
        let (mut known, token) = (Known::default(), TokenId::new(OffsetDateTime::UNIX_EPOCH));
        let due: Vec<i64> = (1_000..2_000)
            .chain(0..1_000)
            .filter(|now| known.is_due(token, *now))
            .collect();
        assert_eq!(due, [1_000, 1_300, 1_600, 1_900]);
        assert!(known.is_due(TokenId::new(OffsetDateTime::UNIX_EPOCH), 1_000));
    }

    #[test]
    fn what_is_known_is_bounded() {
        let mut known = Known::default();
        for _ in 0..=MAX_KNOWN {
            known.is_due(TokenId::new(OffsetDateTime::UNIX_EPOCH), 1_000);
        }
        assert!(known.0.len() <= MAX_KNOWN);
    }
}
