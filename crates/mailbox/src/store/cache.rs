//! Mailboxes and their first pages, remembered. This is right only where no other process writes to the database:
//! whoever writes forgets what it touched, after the commit and before anybody is told of it. Of a shared database only
//! the hints are kept, which whoever follows them checks.

use std::{collections::HashMap, sync::Arc};

use parking_lot::{Mutex, MutexGuard};
use uuid::Uuid;

use super::{Mailbox, messages::ListedMessage};

const SHARDS: usize = 16;
/// Entries of a shard: at 15 KiB for a usual page, 30 MiB in all.
const MAX_ENTRIES: usize = 128;

/// A page as it is shared by those who read it.
pub(crate) type Page = Arc<[ListedMessage]>;

/// Addresses whose mailbox is known, 4 MiB in all.
const MAX_ADDRESSES: usize = 32 * 1024;

/// What is remembered, in parts that are locked apart.
#[derive(Debug)]
pub(crate) struct Cache {
    shards: [Mutex<Shard>; SHARDS],
    /// Of a shard; 0 remembers nothing.
    max_entries: usize,
    /// Who had an address when it was last looked up. Only a hint: whoever follows it checks that the mailbox is active
    /// and has the address still.
    addresses: Mutex<HashMap<String, Uuid>>,
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
    /// Makes an empty one, for a database that other processes write to or not.
    pub(crate) fn new(is_shared: bool) -> Self {
        Self {
            shards: Default::default(),
            max_entries: if is_shared { 0 } else { MAX_ENTRIES },
            addresses: Mutex::default(),
        }
    }

    fn shard(&self, account: Uuid) -> MutexGuard<'_, Shard> {
        self.shards[shard_of(account)].lock()
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<String, Uuid>> {
        self.addresses.lock()
    }

    /// Returns who may have an address.
    pub(crate) fn holder(&self, address: &str) -> Option<Uuid> {
        self.addresses().get(address).copied()
    }

    /// Notes who has an address.
    pub(crate) fn note_holder(&self, address: &str, account: Uuid) {
        let mut addresses = self.addresses();
        if addresses.len() >= MAX_ADDRESSES {
            addresses.clear();
        }
        addresses.insert(address.to_owned(), account);
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
        if shard.epoch != ticket.0 || self.max_entries == 0 {
            return;
        }
        if shard.entries.len() >= self.max_entries
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

    /// Forgets mailboxes and their pages after a change, and remembers the mailboxes as the change left them, unless
    /// something else was forgotten since the tickets were taken, which was before the change began.
    pub(crate) fn replace(&self, mut changed: Vec<(Ticket, Arc<Mailbox>)>) {
        changed.sort_unstable_by_key(|(_, mailbox)| shard_of(mailbox.id));
        for of_one_shard in changed.chunk_by(|(_, a), (_, b)| shard_of(a.id) == shard_of(b.id)) {
            let mut shard = self.shard(of_one_shard[0].1.id);
            let before = shard.epoch;
            shard.epoch += 1;
            for (ticket, mailbox) in of_one_shard {
                shard.entries.remove(&mailbox.id);
                if ticket.0 == before && shard.entries.len() < self.max_entries {
                    let entry = Entry {
                        mailbox: Some(mailbox.clone()),
                        page: None,
                    };
                    shard.entries.insert(mailbox.id, entry);
                }
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.epoch += 1;
            shard.entries.clear();
        }
    }
}

/// The last byte of an id is random; the first ones are its time.
fn shard_of(account: Uuid) -> usize {
    usize::from(account.as_bytes()[15]) % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::State;

    fn mailbox(id: u128, used_bytes: i64) -> Arc<Mailbox> {
        Arc::new(Mailbox {
            id: Uuid::from_u128(id),
            address: format!("{id}@mayfly.test"),
            owner_user_id: None,
            state: State::Active,
            quota_bytes: 100,
            used_bytes,
            created_at_ms: 0,
            last_active_at_ms: 0,
            lease_expires_at_ms: None,
            deleted_at_ms: None,
            last_message_id: None,
        })
    }

    #[test]
    fn a_change_is_remembered_unless_another_came_between() {
        let cache = Cache::new(false);
        // Two mailboxes of one shard, and one of another.
        let ids = [1, 17, 2].map(Uuid::from_u128);
        let tickets = ids.map(|id| cache.begin(id));
        let read_before = cache.begin(ids[0]);
        cache.replace(vec![
            (tickets[0], mailbox(1, 5)),
            (tickets[1], mailbox(17, 6)),
            (tickets[2], mailbox(2, 7)),
        ]);
        let used = |id| cache.mailbox(id).map(|mailbox| mailbox.used_bytes);
        assert_eq!(ids.map(used), [Some(5), Some(6), Some(7)]);
        cache.remember_page(read_before, ids[0], &(Arc::new([]) as Page));
        assert!(
            cache.page(ids[0]).is_none(),
            "a read that began before the change comes too late"
        );

        let tickets = ids.map(|id| cache.begin(id));
        cache.forget(ids[0]);
        cache.replace(vec![(tickets[0], mailbox(1, 8)), (tickets[2], mailbox(2, 9))]);
        assert_eq!(
            ids.map(used),
            [None, Some(6), Some(9)],
            "what came between may have changed it again"
        );
    }

    #[test]
    fn of_a_shared_database_nothing_is_remembered() {
        let cache = Cache::new(true);
        let account = Uuid::from_u128(1);
        cache.remember_page(cache.begin(account), account, &(Arc::new([]) as Page));
        cache.remember_mailbox(cache.begin(account), &mailbox(1, 5));
        cache.replace(vec![(cache.begin(account), mailbox(1, 5))]);
        assert!(cache.page(account).is_none() && cache.mailbox(account).is_none());
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let cache = Cache::new(false);
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
        let cache = Cache::new(false);
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
