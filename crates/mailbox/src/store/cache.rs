//! Mailboxes and their first pages, remembered. This is right only because no other process writes to the database:
//! whoever writes forgets what it touched, after the commit and before anybody is told of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use super::{Mailbox, Message};

const SHARDS: usize = 16;
/// Entries of a shard: at 15 KiB for a usual page, 30 MiB in all.
const MAX_ENTRIES: usize = 128;

/// A page as it is shared by those who read it.
pub(crate) type Page = Arc<[Message]>;

/// What is remembered, in parts that are locked apart.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    /// Counts what was forgotten: a read that began before must not be remembered after.
    epoch: u64,
    entries: HashMap<Uuid, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    mailbox: Option<Arc<Mailbox>>,
    page: Option<Page>,
}

/// Taken before a read, and shown when what it found is to be remembered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket(u64);

impl Cache {
    fn shard(&self, account: Uuid) -> MutexGuard<'_, Shard> {
        // The last byte of an id is random; the first ones are its time.
        let index = usize::from(account.as_bytes()[15]) % SHARDS;
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a mailbox, if it is remembered.
    pub(crate) fn mailbox(&self, account: Uuid) -> Option<Arc<Mailbox>> {
        self.shard(account).entries.get(&account)?.mailbox.clone()
    }

    /// Returns a mailbox's first page, if it is remembered.
    pub(crate) fn page(&self, account: Uuid) -> Option<Page> {
        self.shard(account).entries.get(&account)?.page.clone()
    }

    /// Begins a read.
    pub(crate) fn begin(&self, account: Uuid) -> Ticket {
        Ticket(self.shard(account).epoch)
    }

    /// Remembers a mailbox, unless something was forgotten since the read began.
    pub(crate) fn remember_mailbox(&self, ticket: Ticket, mailbox: &Arc<Mailbox>) {
        self.remember(ticket, mailbox.id, |entry| entry.mailbox = Some(mailbox.clone()));
    }

    /// Remembers a mailbox's first page, unless something was forgotten since the read began.
    pub(crate) fn remember_page(&self, ticket: Ticket, account: Uuid, page: &Page) {
        self.remember(ticket, account, |entry| entry.page = Some(page.clone()));
    }

    fn remember(&self, ticket: Ticket, account: Uuid, set: impl FnOnce(&mut Entry)) {
        let mut shard = self.shard(account);
        if shard.epoch != ticket.0 {
            return;
        }
        if shard.entries.len() >= MAX_ENTRIES
            && !shard.entries.contains_key(&account)
            && let Some(other) = shard.entries.keys().next().copied()
        {
            shard.entries.remove(&other);
        }
        set(shard.entries.entry(account).or_default());
    }

    /// Forgets a mailbox and its page.
    pub(crate) fn forget(&self, account: Uuid) {
        let mut shard = self.shard(account);
        shard.epoch += 1;
        shard.entries.remove(&account);
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.epoch += 1;
            shard.entries.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let cache = Cache::default();
        let account = Uuid::from_u128(1);
        let page: Page = Arc::new([]);
        let ticket = cache.begin(account);
        cache.forget(account);
        cache.remember_page(ticket, account, &page);
        assert!(cache.page(account).is_none());
        let ticket = cache.begin(account);
        cache.clear();
        cache.remember_page(ticket, account, &page);
        assert!(cache.page(account).is_none());
        cache.remember_page(cache.begin(account), account, &page);
        assert!(cache.page(account).is_some());
        cache.forget(account);
        assert!(cache.page(account).is_none());
    }

    #[test]
    fn its_size_is_bounded() {
        let cache = Cache::default();
        let page: Page = Arc::new([]);
        for n in 0..10_000 {
            let account = Uuid::from_u128(n);
            cache.remember_page(cache.begin(account), account, &page);
            assert!(cache.page(account).is_some());
        }
        let remembered = (0..10_000)
            .filter(|n| cache.page(Uuid::from_u128(*n)).is_some())
            .count();
        assert_eq!(remembered, SHARDS * MAX_ENTRIES);
    }
}
