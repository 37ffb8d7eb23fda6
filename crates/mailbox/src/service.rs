//! The use cases: one file for each RPC, with its name. This file holds what they share.

mod acme;
mod activate_mailbox;
mod add_domain;
pub(crate) mod admin;
mod check_domain;
mod check_message;
mod create_sandbox;
mod custom_domains;
mod delete_domain;
mod delete_mailbox;
mod delete_message;
mod delete_messages;
mod delete_messages_by_query;
mod delete_owner;
mod delete_sandbox;
mod deliver_message;
mod find_mailbox;
mod get_attachment;
mod get_mailbox;
mod get_message;
mod get_message_source;
mod get_open_domains;
mod get_usage;
mod large_reads;
mod list_custom_domains;
mod list_domains;
mod list_mailboxes;
mod list_messages;
mod list_messages_after;
mod list_messages_detailed;
mod list_sandboxes;
mod list_usage_days;
mod mark_message_read;
mod mark_messages_by_query;
mod mark_messages_read;
mod open_mailboxes;
mod open_sandbox;
mod release_mailbox;
mod reserve_mailbox;
mod resolve_recipient;
mod sandboxes;
mod search;
mod search_messages;
mod set_catch_all;
mod sweep;
mod update_sandbox;
mod verify_domain;

pub(crate) use acme::AcmeKeys;
pub(crate) use deliver_message::{NewDelivery, NewRecipients, NewSubmission, Origin};
pub(crate) use get_message::Reading;
pub(crate) use get_message_source::MessageSource;
pub(crate) use large_reads::{LargeReads, ReadMemory};
pub(crate) use list_messages_after::{Following, MessageReceived};
pub(crate) use list_messages_detailed::DetailedList;
pub(crate) use mark_messages_read::MarkedMessages;
pub(crate) use reserve_mailbox::Reservation;
pub(crate) use resolve_recipient::NewRecipient;
pub(crate) use sandboxes::{OpenedSandbox, SandboxSettings, default_id};
pub(crate) use search::{IndexOutcome, SearchRequest, SearchScope, document};
pub(crate) use set_catch_all::INVALID_CATCH_ALL;
pub(crate) use sweep::SweepTask;

use std::sync::Arc;

use mayfly_runtime::{
    config::ConfigDuration,
    fair::{self, ComputePool},
};
use mayfly_shared::bus::Publisher;
use mayfly_types::{
    AccountId, Address, BlobId, DomainName, MailboxEvent, OwnerAccess, RawMessageId, SharedClock,
};
use mayfly_webhooks::Webhooks;
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::{
    activity::Activity,
    blobs::Blobs,
    block_watch::BlockWatch,
    clock_guard::ClockGuard,
    config::{self, Config},
    delivery::DeliveryQueue,
    dns::Dns,
    error::Error,
    extraction::Recomputed,
    index_queue::IndexQueue,
    model,
    storage::StorageGuard,
    store::{Mailbox, Message, RawMessage, State, Store, mailboxes, messages, raw_messages, within},
};

/// Larger mail is parsed on a thread of its own. Below this size the handover costs more than the parsing.
const INLINE_PARSE_BYTES: usize = 64 * 1024;

/// The parts of the service. Calls and background tasks share them.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) config: Config,
    /// The system domains.
    pub(crate) domains: Vec<DomainName>,
    /// The domains of open mailboxes.
    pub(crate) open_domains: Vec<DomainName>,
    pub(crate) dns: Dns,
    pub(crate) store: Store,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) clock: SharedClock,
    /// The time by which data expires.
    pub(crate) expiry: ClockGuard,
    pub(crate) deliveries: DeliveryQueue,
    pub(crate) storage: Arc<StorageGuard>,
    pub(crate) activity: Activity,
    /// What operators block.
    pub(crate) blocks: BlockWatch,
    pub(crate) large_reads: LargeReads,
    /// They parse large mail.
    pub(crate) parsers: ComputePool,
    pub(crate) recomputed: Recomputed,
    pub(crate) acme_keys: AcmeKeys,
    /// Mailboxes with messages that are not indexed yet.
    pub(crate) index_queue: Arc<IndexQueue>,
    /// Wakes the outbox worker.
    pub(crate) outbox: Arc<Notify>,
    pub(crate) webhooks: Arc<Webhooks>,
    pub(crate) events: Publisher,
}

/// Who acts on which mailbox.
#[derive(Debug, Clone)]
pub(crate) enum Scope {
    /// The mailbox itself.
    Mailbox(AccountId),
    /// A Pro user, on a mailbox that must be theirs and within the limits.
    Owned { account: AccountId, owner: OwnerAccess },
}

/// Which mailboxes a message is looked for in.
#[derive(Debug, Clone)]
pub(crate) enum MessageScope {
    One(Scope),
    /// Every mailbox of a Pro user within the limits.
    AnyOwnedBy(OwnerAccess),
    /// Every open mailbox.
    AnyOpen,
}

impl Scope {
    pub(crate) fn account(&self) -> AccountId {
        match self {
            Self::Mailbox(account) | Self::Owned { account, .. } => *account,
        }
    }

    fn owner(&self) -> Option<&OwnerAccess> {
        match self {
            Self::Mailbox(_) => None,
            Self::Owned { owner, .. } => Some(owner),
        }
    }

    /// Returns the caller, if limits bound its reach. Only then a query is needed to know whether a mailbox is within.
    fn limited_owner(&self) -> Option<&OwnerAccess> {
        self.owner().filter(|owner| owner.limits.is_some())
    }

    /// Returns the error for a mailbox that is absent or out of reach.
    fn absent(&self) -> Error {
        match self {
            // An open mailbox comes and goes with its mail.
            Self::Mailbox(account) if account.is_open() => Error::NotFound,
            Self::Mailbox(_) => Error::MailboxGone,
            Self::Owned { .. } => Error::NotFound,
        }
    }

    /// Returns whether a mailbox is the caller's. Limits are checked apart.
    fn admits(&self, mailbox: &Mailbox) -> bool {
        match self {
            Self::Mailbox(_) => true,
            Self::Owned { owner, .. } => mailbox.owner_user_id == Some(owner.user),
        }
    }
}

impl Service {
    /// Publishes a change that is committed.
    fn publish(&self, event: MailboxEvent) {
        self.events.publish(event.to_string());
    }

    /// Returns the start of the retention period.
    pub(crate) fn oldest(&self) -> OffsetDateTime {
        self.kept_since(self.config.retention)
    }

    /// Returns the start of the retention period of a mailbox.
    pub(crate) fn oldest_in(&self, account: AccountId) -> OffsetDateTime {
        match account.is_open() {
            true => self.kept_since(self.config.open_retention),
            false => self.oldest(),
        }
    }

    fn kept_since(&self, retention: ConfigDuration) -> OffsetDateTime {
        let retention = config::duration(retention);
        let now = self.expiry.now();
        now.checked_sub(retention).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Returns the active mailbox of a scope, and records its use.
    async fn mailbox(&self, scope: &Scope) -> Result<Arc<Mailbox>, Error> {
        if !self.is_within_limits(scope).await? {
            return Err(Error::NotFound);
        }
        let found = self.active_mailbox(scope.account()).await?;
        let Some(mailbox) = found.filter(|mailbox| scope.admits(mailbox)) else {
            return Err(self.absence(scope).await?);
        };
        self.record_use(mailbox.id, mailbox.last_active_at_ms);
        Ok(mailbox)
    }

    /// Returns whether the mailbox of a scope is within the limits of the caller.
    async fn is_within_limits(&self, scope: &Scope) -> Result<bool, Error> {
        let Some(owner) = scope.limited_owner() else {
            return Ok(true);
        };
        let (owner, account) = (owner.clone(), scope.account());
        let read = self.store.read("find_limited_mailbox", |c| {
            Box::pin(async move { Ok(within::contains(c, &owner, account).await?) })
        });
        read.await
    }

    /// Returns why a scope has no active mailbox. Only a call that fails costs this query.
    async fn absence(&self, scope: &Scope) -> Result<Error, Error> {
        let id = scope.account();
        let found = self.store.read("find_suspended_mailbox", |c| {
            Box::pin(async move { Ok(mailboxes::find(c, id).await?) })
        });
        let is_suspended =
            |mailbox: &Mailbox| scope.admits(mailbox) && State::SUSPENDED.contains(&mailbox.state);
        Ok(match found.await?.is_some_and(|mailbox| is_suspended(&mailbox)) {
            true => Error::AccountSuspended,
            false => scope.absent(),
        })
    }

    /// Returns the active mailbox that has an address.
    async fn mailbox_at(&self, address: &Address) -> Result<Option<Arc<Mailbox>>, Error> {
        let cache = self.store.cache();
        if let Some(id) = cache.owner_of_address(address.as_str()) {
            let found = self.active_mailbox(id).await?;
            // Ids are not reused, and an active mailbox keeps its address.
            if let Some(mailbox) = found.filter(|mailbox| mailbox.address == address.as_str()) {
                return Ok(Some(mailbox));
            }
        }
        let active = self.read_mailbox_at(address).await?;
        if let Some(mailbox) = &active {
            cache.set_owner_of_address(address.as_str(), mailbox.id);
        }
        Ok(active.map(Arc::new))
    }

    /// Reads the active mailbox with an address, bypassing the cache.
    async fn read_mailbox_at(&self, address: &Address) -> Result<Option<Mailbox>, Error> {
        let key = address.clone();
        let found = self
            .store
            .read("find_mailbox_by_address", |c| {
                Box::pin(async move { Ok(mailboxes::find_by_address(c, key.as_str()).await?) })
            })
            .await?;
        Ok(found.filter(|mailbox| mailbox.state == State::Active))
    }

    /// Returns an active mailbox, from the cache or the database.
    async fn active_mailbox(&self, id: AccountId) -> Result<Option<Arc<Mailbox>>, Error> {
        if let Some(mailbox) = self.store.cache().mailbox(id) {
            return Ok(Some(mailbox));
        }
        let ticket = self.store.cache().begin(id);
        let found = self
            .store
            .read("find_mailbox", |c| {
                Box::pin(async move { Ok(mailboxes::find_active(c, id).await?) })
            })
            .await?;
        let mailbox = found.map(Arc::new);
        if let Some(mailbox) = &mailbox {
            self.store.cache().insert_mailbox(ticket, mailbox);
        }
        Ok(mailbox)
    }

    fn record_use(&self, account: AccountId, last_active_at_ms: i64) {
        if model::is_touch_due(last_active_at_ms, self.clock.now()) {
            self.activity.record(account);
        }
    }

    /// Returns a message of the mailbox, and the mailbox.
    async fn message(&self, scope: MessageScope, message_id: &str) -> Result<(Arc<Mailbox>, Message), Error> {
        let scope = match scope {
            MessageScope::One(scope) => scope,
            MessageScope::AnyOwnedBy(owner) => return self.owned_message(owner, message_id).await,
            MessageScope::AnyOpen => self.open_mailbox_of(message_id).await?,
        };
        let mailbox = self.mailbox(&scope).await?;
        let account = mailbox.id;
        let id = model::live_message_id(message_id, self.oldest_in(account))?;
        let found = self
            .store
            .read("find_message", |c| {
                Box::pin(async move { Ok(messages::find(c, account, id).await?) })
            })
            .await?;
        Ok((mailbox, found.ok_or(Error::NotFound)?))
    }

    /// Returns a message in any of a Pro user's mailboxes, and the mailbox.
    async fn owned_message(
        &self,
        owner: OwnerAccess,
        message_id: &str,
    ) -> Result<(Arc<Mailbox>, Message), Error> {
        let id = model::live_message_id(message_id, self.oldest())?;
        let found = self
            .store
            .read("find_owned_message", |c| {
                Box::pin(async move { Ok(messages::find_owned(c, &owner, id).await?) })
            })
            .await?;
        let (message, mailbox) = found.ok_or(Error::NotFound)?;
        self.record_use(mailbox.id, mailbox.last_active_at_ms);
        Ok((Arc::new(mailbox), message))
    }

    /// Returns the bytes of a message, with its codes and links. A message deleted meanwhile is not found.
    async fn raw(&self, message: &Message) -> Result<RawMessage, Error> {
        let mut raw = self.raw_row(message.raw_id).await?;
        if let Some(blob) = raw.blob_id {
            let length = usize::try_from(message.size_bytes).unwrap_or(0);
            raw.bytes = self.blob(message.raw_id, blob, 0, length).await?;
        }
        Ok(raw)
    }

    async fn raw_row(&self, raw_id: RawMessageId) -> Result<RawMessage, Error> {
        let read = self.store.read("find_raw_message", |c| {
            Box::pin(async move { Ok(raw_messages::find(c, raw_id).await?) })
        });
        read.await?.ok_or(Error::NotFound)
    }

    /// Returns a range of the blob of a delivery.
    async fn blob(
        &self,
        raw_id: RawMessageId,
        blob: BlobId,
        from: u64,
        length: usize,
    ) -> Result<Vec<u8>, Error> {
        if let Some(bytes) = self.blobs.get(blob, from, length).await? {
            return Ok(bytes);
        }
        // Deleted meanwhile, or lost.
        self.raw_row(raw_id).await?;
        self.blobs.count_missing();
        tracing::error!(%blob, "a blob is missing that a message names");
        Err(Error::BlobMissing)
    }
}

impl Service {
    /// Runs a parser, on a thread of its own when the mail is large.
    pub(crate) async fn parse<T, F>(&self, raw: Vec<u8>, parse: F) -> Result<(T, Vec<u8>), Error>
    where
        T: Send + 'static,
        F: FnOnce(&[u8]) -> T + Send + 'static,
    {
        if raw.len() <= INLINE_PARSE_BYTES {
            return Ok((parse(&raw), raw));
        }
        let parser = self.parsers.acquire(fair::client()).await;
        let parsed = self.parsers.run(parser, move || (parse(&raw), raw));
        parsed.await.map_err(|_| Error::Defect("a parser panicked"))
    }
}
