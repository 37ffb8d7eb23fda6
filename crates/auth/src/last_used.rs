//! Notes when tokens were last used: seldom, beside the requests, and without any power to slow or fail them.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use mayfly_runtime::task::Tasks;
use mayfly_types::TokenId;
use time::OffsetDateTime;
use tokio::sync::mpsc;

use crate::store::Store;

/// How far two noted uses of one token are apart at least.
const MIN_APART_SECS: i64 = 300;

/// How many uses may wait for the database. Beyond it they are dropped: the next one is five minutes away.
const MAX_WAITING: usize = 1_024;

/// Where uses are told.
pub(crate) struct LastUsed(mpsc::Sender<(TokenId, i64)>);

/// The last use of one token that was told.
#[derive(Debug)]
pub(crate) struct Noted(AtomicI64);

impl Noted {
    pub(crate) fn new(last_used_at_secs: Option<i64>) -> Self {
        Self(AtomicI64::new(last_used_at_secs.unwrap_or(i64::MIN)))
    }

    /// Tells whether a use is due to be noted. Of callers at one moment, one is told so.
    fn is_due(&self, now_secs: i64) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        now_secs.saturating_sub(last) >= MIN_APART_SECS
            && self
                .0
                .compare_exchange(last, now_secs, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
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
        Self(sender)
    }

    /// Takes note of a use, if one is due.
    pub(crate) fn note(&self, token: TokenId, noted: &Noted, now: OffsetDateTime) {
        let now_secs = now.unix_timestamp();
        if noted.is_due(now_secs) {
            let _ = self.0.try_send((token, now_secs));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_use_in_five_minutes_is_due() {
        let noted = Noted::new(None);
        let due: Vec<i64> = (1_000..2_000)
            .chain(0..1_000)
            .filter(|now| noted.is_due(*now))
            .collect();
        assert_eq!(due, [1_000, 1_300, 1_600, 1_900]);
        let stored = Noted::new(Some(1_000));
        assert_eq!(
            [999, 1_299, 1_300, 1_300].map(|now| stored.is_due(now)),
            [false, false, true, false]
        );
    }
}
