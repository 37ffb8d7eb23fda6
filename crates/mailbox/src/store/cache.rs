//! Cache of mailboxes and their first pages. It is coherent only if no other process writes to the database, so it is off for a
//! shared one; the hints from addresses to mailboxes stay on, because their readers check them.
//!
//! A writer invalidates what it touched after the commit and before it answers. This forbids one interleaving: a reader reads
//! the old row, a writer commits and invalidates, then the reader inserts the old row. The reader takes a [`Ticket`] with the
//! epoch of the shard before it reads; every invalidation increases the epoch; an insert with an older ticket is dropped.

use std::{collections::HashMap, sync::Arc};

use mayfly_mime::Addresses;
use mayfly_types::{AccountId, MessageId};
use parking_lot::{Mutex, MutexGuard};

use super::{Mailbox, messages::ListedMessage};

const SHARDS: usize = 16;
/// Entries of a shard. A usual page has 15 KiB and a detailed one 20 KiB, so all shards hold 70 MiB.
const MAX_ENTRIES: usize = 128;

/// A page, shared by its readers.
pub(crate) type Page = Arc<[ListedMessage]>;

/// A message with the addresses in its header.
#[derive(Debug, Clone)]
pub(crate) struct DetailedMessage {
    pub(crate) listed: ListedMessage,
    pub(crate) addresses: Addresses,
}

/// A page, and what its totals are computed from.
#[derive(Debug, Clone)]
pub(crate) struct DetailedPage {
    pub(crate) messages: Vec<DetailedMessage>,
    /// Of the mailbox.
    pub(crate) address: String,
    /// Messages in the mailbox that are not removed yet.
    pub(crate) stored_count: i64,
    /// The oldest of them; `None` without any on this page.
    pub(crate) first_id: Option<MessageId>,
}

/// Largest number of address hints, about 4 MiB.
const MAX_ADDRESSES: usize = 32 * 1024;

/// The cache, in shards with a lock each.
#[derive(Debug)]
pub(crate) struct Cache {
    shards: [Mutex<Shard>; SHARDS],
    /// Largest number of entries of a shard; 0 turns the cache off.
    max_entries: usize,
    /// The mailbox of an address at its last look-up. A hint only: the reader checks that the mailbox is active and still has
    /// the address.
    addresses: Mutex<HashMap<String, AccountId>>,
}

#[derive(Debug, Default)]
struct Shard {
    /// Counts invalidations.
    epoch: u64,
    entries: HashMap<AccountId, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    mailbox: Option<Arc<Mailbox>>,
    page: Option<Page>,
    detailed_page: Option<Arc<DetailedPage>>,
}

/// The epoch of a shard before a read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket(u64);

impl Cache {
    /// Creates an empty cache, for a database that other processes write to or not.
    pub(crate) fn new(is_shared: bool) -> Self {
        Self {
            shards: Default::default(),
            max_entries: if is_shared { 0 } else { MAX_ENTRIES },
            addresses: Mutex::default(),
        }
    }

    fn shard(&self, account: AccountId) -> MutexGuard<'_, Shard> {
        self.shards[shard_of(account)].lock()
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<String, AccountId>> {
        self.addresses.lock()
    }

    /// Returns the mailbox that had an address at its last look-up.
    pub(crate) fn owner_of_address(&self, address: &str) -> Option<AccountId> {
        self.addresses().get(address).copied()
    }

    /// Sets the mailbox that has an address.
    pub(crate) fn set_owner_of_address(&self, address: &str, account: AccountId) {
        let mut addresses = self.addresses();
        if addresses.len() >= MAX_ADDRESSES {
            addresses.clear();
        }
        addresses.insert(address.to_owned(), account);
    }

    /// Returns a mailbox, if it is cached.
    pub(crate) fn mailbox(&self, account: AccountId) -> Option<Arc<Mailbox>> {
        self.shard(account).entries.get(&account)?.mailbox.clone()
    }

    /// Returns the first page of a mailbox, if it is cached.
    pub(crate) fn page(&self, account: AccountId) -> Option<Page> {
        self.shard(account).entries.get(&account)?.page.clone()
    }

    /// Returns the detailed first page of a mailbox, if it is cached.
    pub(crate) fn detailed_page(&self, account: AccountId) -> Option<Arc<DetailedPage>> {
        self.shard(account).entries.get(&account)?.detailed_page.clone()
    }

    /// Takes a ticket before a read.
    pub(crate) fn begin(&self, account: AccountId) -> Ticket {
        Ticket(self.shard(account).epoch)
    }

    /// Inserts a mailbox, unless the shard was invalidated since the ticket.
    pub(crate) fn insert_mailbox(&self, ticket: Ticket, mailbox: &Arc<Mailbox>) {
        self.insert(ticket, mailbox.id, |entry| entry.mailbox = Some(mailbox.clone()));
    }

    /// Inserts the first page of a mailbox, unless the shard was invalidated since the ticket.
    pub(crate) fn insert_page(&self, ticket: Ticket, account: AccountId, page: &Page) {
        self.insert(ticket, account, |entry| entry.page = Some(page.clone()));
    }

    /// Inserts the detailed first page of a mailbox, unless the shard was invalidated since the ticket.
    pub(crate) fn insert_detailed_page(&self, ticket: Ticket, account: AccountId, page: &Arc<DetailedPage>) {
        self.insert(ticket, account, |entry| entry.detailed_page = Some(page.clone()));
    }

    fn insert(&self, ticket: Ticket, account: AccountId, set: impl FnOnce(&mut Entry)) {
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

    /// Invalidates a mailbox and its page.
    pub(crate) fn invalidate(&self, account: AccountId) {
        let mut shard = self.shard(account);
        shard.epoch += 1;
        shard.entries.remove(&account);
    }

    /// Invalidates mailboxes and their pages after a change, and inserts the changed mailboxes, unless their shard was invalidated
    /// since the tickets, which the writer took before the change.
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
                        detailed_page: None,
                    };
                    shard.entries.insert(mailbox.id, entry);
                }
            }
        }
    }

    /// Invalidates everything.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.epoch += 1;
            shard.entries.clear();
        }
    }
}

/// The last byte of an id is random; the first ones are its time.
fn shard_of(account: AccountId) -> usize {
    usize::from(account.as_uuid().as_bytes()[15]) % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::State;

    fn account_id(number: u128) -> AccountId {
        AccountId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn mailbox(id: u128, used_bytes: i64) -> Arc<Mailbox> {
        Arc::new(Mailbox {
            id: account_id(id),
            address: format!("{id}@mayfly.test"),
            owner_user_id: None,
            state: State::Active,
            quota_bytes: 100,
            used_bytes,
            message_count: 0,
            created_at_ms: 0,
            last_active_at_ms: 0,
            lease_expires_at_ms: None,
            deleted_at_ms: None,
            last_message_id: None,
            received_day: 0,
            received_bytes: 0,
            untagged_address: None,
        })
    }

    #[test]
    fn replace_after_concurrent_change_is_dropped() {
        let cache = Cache::new(false);
        // Two mailboxes of one shard, and one of another.
        let ids = [1, 17, 2].map(account_id);
        let tickets = ids.map(|id| cache.begin(id));
        let read_before = cache.begin(ids[0]);
        cache.replace(vec![
            (tickets[0], mailbox(1, 5)),
            (tickets[1], mailbox(17, 6)),
            (tickets[2], mailbox(2, 7)),
        ]);
        let used = |id| cache.mailbox(id).map(|mailbox| mailbox.used_bytes);
        assert_eq!(ids.map(used), [Some(5), Some(6), Some(7)]);
        cache.insert_page(read_before, ids[0], &(Arc::new([]) as Page));
        assert!(
            cache.page(ids[0]).is_none(),
            "a read before the change is too old"
        );

        let tickets = ids.map(|id| cache.begin(id));
        cache.invalidate(ids[0]);
        cache.replace(vec![(tickets[0], mailbox(1, 8)), (tickets[2], mailbox(2, 9))]);
        assert_eq!(
            ids.map(used),
            [None, Some(6), Some(9)],
            "a concurrent change can be newer"
        );
    }

    #[test]
    fn shared_database_caches_nothing() {
        let cache = Cache::new(true);
        let account = account_id(1);
        cache.insert_page(cache.begin(account), account, &(Arc::new([]) as Page));
        cache.insert_mailbox(cache.begin(account), &mailbox(1, 5));
        cache.replace(vec![(cache.begin(account), mailbox(1, 5))]);
        assert!(cache.page(account).is_none() && cache.mailbox(account).is_none());
    }

    #[test]
    fn insert_after_change_drops_older_read() {
        let cache = Cache::new(false);
        let account = account_id(1);
        let page: Page = Arc::new([]);
        let ticket = cache.begin(account);
        cache.invalidate(account);
        cache.insert_page(ticket, account, &page);
        assert!(cache.page(account).is_none());
        let ticket = cache.begin(account);
        cache.clear();
        cache.insert_page(ticket, account, &page);
        assert!(cache.page(account).is_none());
        cache.insert_page(cache.begin(account), account, &page);
        assert!(cache.page(account).is_some());
        cache.invalidate(account);
        assert!(cache.page(account).is_none());
    }

    #[test]
    fn cache_size_is_bounded() {
        let cache = Cache::new(false);
        let page: Page = Arc::new([]);
        for n in 0..10_000 {
            let account = account_id(n);
            cache.insert_page(cache.begin(account), account, &page);
            assert!(cache.page(account).is_some());
        }
        let cached = (0..10_000)
            .filter(|n| cache.page(account_id(*n)).is_some())
            .count();
        assert_eq!(cached, SHARDS * MAX_ENTRIES);
    }
}
