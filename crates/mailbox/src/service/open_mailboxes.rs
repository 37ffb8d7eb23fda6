//! Open mailboxes: the row comes with the first recipient, and goes with the last mail.

use mayfly_types::{AccountId, Address};
use time::Duration;

use super::{Scope, Service};
use crate::{
    config,
    error::Error,
    model,
    store::{Mailbox, State, mailboxes, millis, open_mailboxes},
};

/// The space of an open mailbox, in bytes. When it is full, the oldest mail goes.
pub(crate) const OPEN_QUOTA_BYTES: i64 = 10 << 20;
/// How long an open mailbox waits for its first mail: the data of a mail may take that long.
pub(super) const EMPTY: Duration = Duration::minutes(15);

impl Service {
    /// Returns whether every address of a domain is an open mailbox.
    pub(super) fn is_open_domain(&self, domain: &str) -> bool {
        self.open_domains.iter().any(|open| open.as_str() == domain)
    }

    /// Returns the open mailbox of an address, and creates it if there is none.
    pub(super) async fn open_recipient(
        &self,
        address: &Address,
        size_bytes: i64,
    ) -> Result<AccountId, Error> {
        if config::is_reserved_open(address) {
            return Err(Error::NotFound);
        }
        if size_bytes > OPEN_QUOTA_BYTES {
            return Err(Error::MessageTooLarge);
        }
        self.storage.check(true)?;
        let id = AccountId::of_open_address(address);
        if self.active_mailbox(id).await?.is_some() {
            return Ok(id);
        }
        self.create_open_mailbox(id, address).await
    }

    /// Creates an open mailbox. A mailbox with a password that has the address, from before the domain was open, keeps it.
    async fn create_open_mailbox(&self, id: AccountId, address: &Address) -> Result<AccountId, Error> {
        let now_ms = millis(self.clock.now());
        let mailbox = Mailbox {
            id,
            address: address.to_string(),
            untagged_address: model::untagged(address).map(|untagged| untagged.to_string()),
            owner_user_id: None,
            state: State::Active,
            quota_bytes: OPEN_QUOTA_BYTES,
            used_bytes: 0,
            message_count: 0,
            created_at_ms: now_ms,
            last_active_at_ms: now_ms,
            lease_expires_at_ms: None,
            deleted_at_ms: None,
            received_day: 0,
            received_bytes: 0,
            created_from: None,
            created_by_token_id: None,
            last_message_id: None,
        };
        let max = u64::from(self.config.max_open_mailboxes);
        let created = self.store.write("create_open_mailbox", Some(id), move |tx| {
            let mailbox = mailbox.clone();
            Box::pin(async move {
                if let Some(earlier) = mailboxes::lock_by_address(tx, &mailbox.address).await? {
                    let is_ours = earlier.id == mailbox.id && earlier.state == State::Active;
                    return if is_ours { Ok(()) } else { Err(Error::NotFound) };
                }
                if open_mailboxes::count(tx).await? >= max {
                    return Err(Error::StorageFull);
                }
                Ok(open_mailboxes::insert(tx, mailbox, now_ms).await?)
            })
        });
        match created.await {
            Ok(()) => Ok(id),
            // Another process has created it at the same moment.
            Err(Error::Database(error)) if mayfly_database::is_unique_violation(&error) => Ok(id),
            Err(error) => Err(error),
        }
    }

    /// Returns the open mailbox that has a message, if its domain is still open.
    pub(super) async fn open_mailbox_of(&self, message_id: &str) -> Result<Scope, Error> {
        let oldest = self.kept_since(self.config.open_retention);
        let id = model::live_message_id(message_id, oldest)?;
        let found = self.store.read("find_open_message", |c| {
            Box::pin(async move { Ok(open_mailboxes::find_account(c, id).await?) })
        });
        let account = found.await?.ok_or(Error::NotFound)?;
        let mailbox = self.active_mailbox(account).await?.ok_or(Error::NotFound)?;
        let (_, domain) = mailbox.address.split_once('@').unwrap_or_default();
        match self.is_open_domain(domain) {
            true => Ok(Scope::Mailbox(account)),
            false => Err(Error::NotFound),
        }
    }
}
