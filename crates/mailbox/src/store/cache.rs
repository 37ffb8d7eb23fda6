//! Cache of mailboxes, their sandboxes and first pages, and of domains that receive no mail. It is coherent only if no other process
//! writes to the database, so it is off for a shared one; the hints from addresses and sandboxes to mailboxes stay on, because their
//! readers check them.
//!
//! A writer invalidates what it touched after the commit and before it answers. This forbids one interleaving: a reader reads
//! the old row, a writer commits and invalidates, then the reader inserts the old row. The reader takes a [`Ticket`] with the
//! epoch of the shard before it reads; every invalidation increases the epoch; an insert with an older ticket is dropped.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use mayfly_mime::Addresses;
use mayfly_types::{AccountId, MessageId, SandboxId};
use parking_lot::{Mutex, MutexGuard};

use super::{Mailbox, Sandbox, messages::ListedMessage};

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
/// Largest number of hints from sandboxes to mailboxes, about 1 MiB.
const MAX_SANDBOXES: usize = 16 * 1024;
/// Largest number of domains that receive no mail, 2 MiB of the longest names.
const MAX_UNSERVED: usize = 8 * 1024;

/// The cache, in shards with a lock each.
#[derive(Debug)]
pub(crate) struct Cache {
    shards: [Mutex<Shard>; SHARDS],
    /// Largest number of entries of a shard; 0 turns the cache off.
    max_entries: usize,
    /// The mailbox of an address at its last look-up. A hint only: the reader checks that the mailbox is active and still has
    /// the address.
    addresses: Mutex<HashMap<String, AccountId>>,
    /// The mailbox of a sandbox at its last look-up. A hint only.
    sandboxes: Mutex<HashMap<SandboxId, AccountId>>,
    unserved: Mutex<Unserved>,
}

#[derive(Debug, Default)]
struct Shard {
    /// Counts invalidations.
    epoch: u64,
    entries: HashMap<AccountId, Entry>,
}

/// Domains that receive no mail. A verification of any domain invalidates them.
#[derive(Debug, Default)]
struct Unserved {
    /// Counts invalidations.
    epoch: u64,
    names: HashSet<String>,
}

#[derive(Debug, Default)]
struct Entry {
    mailbox: Option<Arc<Mailbox>>,
    /// Of a mailbox of a sandbox. Deliveries do not change it.
    sandbox: Option<Arc<Sandbox>>,
    page: Option<Page>,
    detailed_page: Option<Arc<DetailedPage>>,
}

/// The epoch of a shard, or of the unserved domains, before a read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket(u64);

impl Cache {
    /// Creates an empty cache, for a database that other processes write to or not.
    pub(crate) fn new(is_shared: bool) -> Self {
        Self {
            shards: Default::default(),
            max_entries: if is_shared { 0 } else { MAX_ENTRIES },
            addresses: Mutex::default(),
            sandboxes: Mutex::default(),
            unserved: Mutex::default(),
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

    /// Returns the mailbox that a sandbox had at its last look-up.
    pub(crate) fn account_of_sandbox(&self, id: SandboxId) -> Option<AccountId> {
        self.sandboxes.lock().get(&id).copied()
    }

    /// Sets the mailbox of a sandbox.
    pub(crate) fn set_account_of_sandbox(&self, id: SandboxId, account: AccountId) {
        let mut sandboxes = self.sandboxes.lock();
        if sandboxes.len() >= MAX_SANDBOXES {
            sandboxes.clear();
        }
        sandboxes.insert(id, account);
    }

    /// Returns whether domains are cached: where they are not, a look-up costs a query each time.
    pub(crate) fn has_unserved(&self) -> bool {
        self.max_entries > 0
    }

    /// Returns whether a domain is known to receive no mail.
    pub(crate) fn is_unserved(&self, domain: &str) -> bool {
        self.unserved.lock().names.contains(domain)
    }

    /// Takes a ticket before a domain is looked up.
    pub(crate) fn begin_unserved(&self) -> Ticket {
        Ticket(self.unserved.lock().epoch)
    }

    /// Inserts a domain that receives no mail, unless a domain was verified since the ticket.
    pub(crate) fn insert_unserved(&self, ticket: Ticket, domain: &str) {
        let mut unserved = self.unserved.lock();
        if unserved.epoch != ticket.0 || self.max_entries == 0 {
            return;
        }
        if unserved.names.len() >= MAX_UNSERVED {
            unserved.names.clear();
        }
        unserved.names.insert(domain.to_owned());
    }

    /// Invalidates the domains that receive no mail.
    pub(crate) fn clear_unserved(&self) {
        let mut unserved = self.unserved.lock();
        unserved.epoch += 1;
        unserved.names.clear();
    }

    /// Returns a sandbox by its mailbox, with the mailbox, if both are cached.
    pub(crate) fn sandbox(&self, account: AccountId) -> Option<(Arc<Sandbox>, Arc<Mailbox>)> {
        let shard = self.shard(account);
        let entry = shard.entries.get(&account)?;
        Some((entry.sandbox.clone()?, entry.mailbox.clone()?))
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

    /// Inserts a sandbox and its mailbox, unless the shard was invalidated since the ticket.
    pub(crate) fn insert_sandbox(&self, ticket: Ticket, sandbox: &Arc<Sandbox>, mailbox: &Arc<Mailbox>) {
        self.insert(ticket, mailbox.id, |entry| {
            entry.sandbox = Some(sandbox.clone());
            entry.mailbox = Some(mailbox.clone());
        });
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

    /// Invalidates mailboxes and their pages after deliveries, and inserts the changed mailboxes, unless their shard was invalidated
    /// since the tickets, which the writer took before the change. Their sandboxes stay.
    pub(crate) fn replace(&self, mut changed: Vec<(Ticket, Arc<Mailbox>)>) {
        changed.sort_unstable_by_key(|(_, mailbox)| shard_of(mailbox.id));
        for of_one_shard in changed.chunk_by(|(_, a), (_, b)| shard_of(a.id) == shard_of(b.id)) {
            let mut shard = self.shard(of_one_shard[0].1.id);
            let before = shard.epoch;
            shard.epoch += 1;
            for (ticket, mailbox) in of_one_shard {
                let replaced = shard.entries.remove(&mailbox.id);
                if ticket.0 == before && shard.entries.len() < self.max_entries {
                    let entry = Entry {
                        mailbox: Some(mailbox.clone()),
                        sandbox: replaced.and_then(|entry| entry.sandbox),
                        page: None,
                        detailed_page: None,
                    };
                    shard.entries.insert(mailbox.id, entry);
                }
            }
        }
    }

    /// Invalidates all mailboxes.
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
            created_from: None,
            created_by_token_id: None,
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

    fn sandbox(account: u128) -> Arc<Sandbox> {
        Arc::new(Sandbox {
            id: SandboxId::from_uuid(uuid::Uuid::from_u128(account)),
            owner_user_id: mayfly_types::LOCAL_USER,
            name: "app".to_owned(),
            account_id: account_id(account),
            login: "sb_abcdefgh".to_owned(),
            max_messages: 10,
            retention_ms: 60_000,
            deliver_to_own: true,
            created_at_ms: 0,
        })
    }

    #[test]
    fn sandbox_stays_after_delivery_and_goes_with_change() {
        let cache = Cache::new(false);
        let account = account_id(1);
        cache.insert_sandbox(cache.begin(account), &sandbox(1), &mailbox(1, 5));
        cache.replace(vec![(cache.begin(account), mailbox(1, 6))]);
        let (found, its_mailbox) = cache.sandbox(account).expect("cached");
        assert_eq!((found.max_messages, its_mailbox.used_bytes), (10, 6));
        let read_before = cache.begin(account);
        cache.invalidate(account);
        assert!(cache.sandbox(account).is_none());
        cache.insert_sandbox(read_before, &sandbox(1), &mailbox(1, 6));
        assert!(cache.sandbox(account).is_none(), "read before the change");
    }

    #[test]
    fn verification_invalidates_unserved_domains() {
        let cache = Cache::new(false);
        cache.insert_unserved(cache.begin_unserved(), "a.example");
        assert!(cache.is_unserved("a.example"));
        let read_before = cache.begin_unserved();
        cache.clear_unserved();
        assert!(!cache.is_unserved("a.example"));
        cache.insert_unserved(read_before, "a.example");
        assert!(!cache.is_unserved("a.example"), "read before the verification");
        for n in 0..=MAX_UNSERVED {
            cache.insert_unserved(cache.begin_unserved(), &format!("{n}.example"));
        }
        assert!(cache.unserved.lock().names.len() <= MAX_UNSERVED);
        assert!(cache.is_unserved(&format!("{MAX_UNSERVED}.example")));
    }

    #[test]
    fn shared_database_caches_nothing() {
        let cache = Cache::new(true);
        let account = account_id(1);
        cache.insert_page(cache.begin(account), account, &(Arc::new([]) as Page));
        cache.insert_mailbox(cache.begin(account), &mailbox(1, 5));
        cache.insert_sandbox(cache.begin(account), &sandbox(1), &mailbox(1, 5));
        cache.replace(vec![(cache.begin(account), mailbox(1, 5))]);
        assert!(cache.page(account).is_none() && cache.mailbox(account).is_none());
        assert!(cache.sandbox(account).is_none());
        cache.insert_unserved(cache.begin_unserved(), "a.example");
        assert!(!cache.is_unserved("a.example"));
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
