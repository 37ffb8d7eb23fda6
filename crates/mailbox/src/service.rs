//! The use cases, one a file, named like their calls. What they share is here.

mod activate_mailbox;
mod add_domain;
mod check_domain;
mod custom_domains;
mod delete_domain;
mod delete_mailbox;
mod delete_message;
mod deliver_message;
mod find_mailbox;
mod get_attachment;
mod get_mailbox;
mod get_message;
mod get_message_source;
mod get_usage;
mod large_reads;
mod list_custom_domains;
mod list_domains;
mod list_mailboxes;
mod list_messages;
mod list_messages_after;
mod list_usage_days;
mod mark_message_read;
mod reserve_mailbox;
mod resolve_recipient;
mod set_catch_all;
mod verify_domain;

pub(crate) use custom_domains::FORGOTTEN;
pub(crate) use deliver_message::NewDelivery;
pub(crate) use large_reads::LargeReads;
pub(crate) use list_messages_after::{Arrived, Following};
pub(crate) use reserve_mailbox::Reservation;

use std::sync::Arc;

use mayfly_types::{AccountId, Address, DomainName, MessageId, SharedClock, UserId};
use mayfly_webhooks::Webhooks;
use time::OffsetDateTime;
use tokio::{sync::Notify, task::JoinError};
use uuid::Uuid;

use crate::{
    activity::Activity,
    config::{self, Config},
    delivery::DeliveryQueue,
    dns::Dns,
    error::Error,
    model,
    store::{Mailbox, Message, RawMessage, State, Store, mailboxes, messages},
};

/// Above this size a mail is parsed on a thread that may block: below it the hand-over costs more.
const INLINE_PARSE_BYTES: usize = 64 * 1024;

/// The service's parts, shared by its calls and its background tasks.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) config: Config,
    /// The system domains.
    pub(crate) domains: Vec<DomainName>,
    pub(crate) dns: Dns,
    pub(crate) store: Store,
    pub(crate) clock: SharedClock,
    pub(crate) deliveries: DeliveryQueue,
    pub(crate) activity: Activity,
    pub(crate) large_reads: LargeReads,
    /// Wakes the outbox worker.
    pub(crate) outbox: Arc<Notify>,
    pub(crate) webhooks: Arc<Webhooks>,
}

/// Who asks for a mailbox: itself, or the Pro user who owns it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope {
    account: Option<AccountId>,
    owner: Option<UserId>,
    /// Set where a message names the mailbox: any of this Pro user's.
    any_of: Option<UserId>,
}

impl Scope {
    /// Reads a scope. Ids that are none belong to nobody.
    pub(crate) fn new(account_id: &str, owner_user_id: Option<&str>) -> Result<Self, Error> {
        let owner = owner_user_id
            .map(str::parse)
            .transpose()
            .map_err(|_| Error::NotFound)?;
        Ok(Self {
            account: account_id.parse().ok(),
            owner,
            any_of: owner.filter(|_| account_id.is_empty()),
        })
    }

    /// Returns how the absence of the mailbox is told.
    fn absent(&self) -> Error {
        if self.owner.is_some() {
            Error::NotFound
        } else {
            Error::MailboxGone
        }
    }

    fn admits(&self, mailbox: &Mailbox) -> bool {
        self.owner
            .is_none_or(|owner| mailbox.owner_user_id == Some(owner.as_uuid()))
    }
}

impl Service {
    /// Returns the time before which messages are past their retention.
    pub(crate) fn oldest(&self) -> OffsetDateTime {
        let retention = config::duration(self.config.retention);
        let now = self.clock.now();
        now.checked_sub(retention).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Returns the active mailbox that the scope gives access to, and notes that it is in use.
    async fn mailbox(&self, scope: Scope) -> Result<Arc<Mailbox>, Error> {
        let id = scope.account.ok_or_else(|| scope.absent())?.as_uuid();
        let found = self.active_mailbox(id).await?;
        let mailbox = found
            .filter(|mailbox| scope.admits(mailbox))
            .ok_or_else(|| scope.absent())?;
        self.note_use(mailbox.id, mailbox.last_active_at_ms);
        Ok(mailbox)
    }

    /// Returns the active mailbox that has an address.
    async fn mailbox_at(&self, address: &Address) -> Result<Option<Arc<Mailbox>>, Error> {
        let cache = self.store.cache();
        if let Some(id) = cache.holder(address.as_str()) {
            let found = self.active_mailbox(id).await?;
            // An id never comes back, and an active mailbox keeps its address.
            if let Some(mailbox) = found.filter(|mailbox| mailbox.address == address.as_str()) {
                return Ok(Some(mailbox));
            }
        }
        let active = self.read_mailbox_at(address).await?;
        if let Some(mailbox) = &active {
            cache.note_holder(address.as_str(), mailbox.id);
        }
        Ok(active.map(Arc::new))
    }

    /// Reads the active mailbox with an address, whatever is remembered.
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

    /// Returns an active mailbox, remembered or read.
    async fn active_mailbox(&self, id: Uuid) -> Result<Option<Arc<Mailbox>>, Error> {
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
            self.store.cache().remember_mailbox(ticket, mailbox);
        }
        Ok(mailbox)
    }

    fn note_use(&self, account: Uuid, last_active_at_ms: i64) {
        if model::is_touch_due(last_active_at_ms, self.clock.now()) {
            self.activity.note(account);
        }
    }

    /// Returns a message of the mailbox, and the mailbox.
    async fn message(&self, scope: Scope, message_id: &str) -> Result<(Arc<Mailbox>, Message), Error> {
        let scope = match scope.any_of {
            Some(owner) => self.holder_of(owner, message_id).await?,
            None => scope,
        };
        let mailbox = self.mailbox(scope).await?;
        let id = self.live_id(message_id)?.as_uuid();
        let account = mailbox.id;
        let found = self
            .store
            .read("find_message", |c| {
                Box::pin(async move { Ok(messages::find(c, account, id).await?) })
            })
            .await?;
        Ok((mailbox, found.ok_or(Error::NotFound)?))
    }

    /// Returns the scope of the mailbox, of all that a Pro user has, that holds a message.
    async fn holder_of(&self, owner: UserId, message_id: &str) -> Result<Scope, Error> {
        let id = self.live_id(message_id)?.as_uuid();
        let found = self
            .store
            .read("find_message_holder", |c| {
                Box::pin(async move { Ok(messages::find_holder(c, owner.as_uuid(), id).await?) })
            })
            .await?;
        Ok(Scope {
            account: Some(AccountId::from_uuid(found.ok_or(Error::NotFound)?)),
            owner: Some(owner),
            any_of: None,
        })
    }

    fn live_id(&self, message_id: &str) -> Result<MessageId, Error> {
        model::live_message_id(message_id, self.oldest())
    }

    /// Returns the bytes of a message and what was found in them. One that was deleted in the meantime is not found.
    async fn raw(&self, message: &Message) -> Result<RawMessage, Error> {
        let raw_id = message.raw_id;
        self.store
            .read("find_raw_message", |c| {
                Box::pin(async move { Ok(messages::find_raw(c, raw_id).await?) })
            })
            .await?
            .ok_or(Error::NotFound)
    }
}

/// Runs a parser, on a blocking thread when the mail is large.
pub(crate) async fn parse<T, F>(raw: Vec<u8>, parse: F) -> Result<(T, Vec<u8>), Error>
where
    T: Send + 'static,
    F: FnOnce(&[u8]) -> T + Send + 'static,
{
    if raw.len() <= INLINE_PARSE_BYTES {
        return Ok((parse(&raw), raw));
    }
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || (span.in_scope(|| parse(&raw)), raw))
        .await
        .map_err(|_: JoinError| Error::Defect("the parser's thread ended"))
}
