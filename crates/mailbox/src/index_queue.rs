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
    /// Counts commits.
    added: AtomicU64,
}

impl IndexQueue {
    /// Adds mailboxes that got messages in one commit.
    pub(crate) fn add(&self, accounts: impl IntoIterator<Item = AccountId>) {
        self.added.fetch_add(1, Ordering::Relaxed);
        self.put(accounts);
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

    /// Returns how many commits have added mailboxes.
    pub(crate) fn added(&self) -> u64 {
        self.added.load(Ordering::Relaxed)
    }
}
