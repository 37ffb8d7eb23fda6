//! The mailboxes whose new messages wait to be indexed.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
};

use mayfly_types::AccountId;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Mailboxes that wait. Those beyond it are found by the periodic task.
const MAX_WAITING: usize = 10_000;
/// Mailboxes of one turn.
const MAILBOXES: usize = 100;

/// The mailboxes that have new messages. Searches do not depend on it: they index what they would miss.
#[derive(Debug, Default)]
pub(crate) struct IndexQueue {
    waiting: Mutex<HashSet<AccountId>>,
    wake: Notify,
    /// Counts deliveries that were committed together with an earlier one, so that they had waited for the writer.
    waited: AtomicU64,
}

impl IndexQueue {
    /// Adds the mailboxes of Pro users that got messages in a commit of so many deliveries.
    pub(crate) fn add(&self, accounts: Vec<AccountId>, deliveries: usize) {
        let waited = deliveries.saturating_sub(1) as u64;
        self.waited.fetch_add(waited, Ordering::Relaxed);
        if !accounts.is_empty() {
            self.put(accounts);
        }
    }

    /// Adds mailboxes whose messages are not indexed yet. Returns whether there was room for all.
    pub(crate) fn put(&self, accounts: impl IntoIterator<Item = AccountId>) -> bool {
        let mut waiting = self.waiting.lock();
        let mut accounts = accounts.into_iter();
        let room = MAX_WAITING.saturating_sub(waiting.len());
        waiting.extend(accounts.by_ref().take(room));
        self.wake.notify_one();
        accounts.next().is_none()
    }

    /// Waits until there are mailboxes.
    pub(crate) async fn ready(&self) {
        self.wake.notified().await;
    }

    /// Takes the mailboxes of one turn.
    pub(crate) fn take(&self) -> Vec<AccountId> {
        let mut waiting = self.waiting.lock();
        let some: Vec<AccountId> = waiting.iter().copied().take(MAILBOXES).collect();
        for account in &some {
            waiting.remove(account);
        }
        some
    }

    /// Returns how many deliveries have waited for the writer since the start of the process.
    pub(crate) fn waited(&self) -> u64 {
        self.waited.load(Ordering::Relaxed)
    }
}
