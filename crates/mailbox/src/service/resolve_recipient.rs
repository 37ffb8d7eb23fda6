//! Resolves the mailbox of a recipient, at RCPT.

use std::{net::IpAddr, sync::Arc};

use mayfly_types::{AccountId, Address, UserId};

use super::{Service, sandboxes};
use crate::{
    error::Error,
    model,
    store::{self, Mailbox, custom_domains, domains, mailboxes},
};

/// A recipient of a mail that a client is sending.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewRecipient<'a> {
    pub(crate) address: &'a str,
    /// What the client announced, else 0.
    pub(crate) size_bytes: i64,
    /// Empty for the null sender.
    pub(crate) sender: &'a str,
    pub(crate) client: Option<IpAddr>,
}

/// A domain that receives mail.
pub(super) enum Served {
    /// A system domain, current or former.
    System,
    /// A verified domain of a Pro user.
    Custom {
        owner: UserId,
        catch_all: Option<AccountId>,
    },
}

impl Served {
    /// Returns whether the domain receives mail for a mailbox: a custom domain only for mailboxes of its owner.
    fn admits(&self, mailbox: &Mailbox) -> bool {
        match self {
            Self::System => true,
            Self::Custom { owner, .. } => mailbox.owner_user_id == Some(*owner),
        }
    }
}

impl Service {
    /// Returns the active mailbox for an address, if it has room for the announced size. An open mailbox is created.
    #[tracing::instrument(name = "mailbox.resolve_recipient", level = "debug", skip_all)]
    pub(crate) async fn resolve_recipient(&self, new: NewRecipient<'_>) -> Result<AccountId, Error> {
        let address: Address = new.address.parse().map_err(|_| Error::NotFound)?;
        let blocks = self.blocks.current();
        if blocks.blocks(new.sender, new.client, address.as_str(), self.clock.now()) {
            return Err(Error::Blocked);
        }
        if self.is_open_domain(address.domain()) {
            return self.open_recipient(&address, new.size_bytes).await;
        }
        let mailbox = self.recipient(&address).await?.ok_or(Error::NotFound)?;
        if !model::has_room(&mailbox, new.size_bytes) {
            return Err(Error::MailboxFull);
        }
        let is_anonymous = mailbox.owner_user_id.is_none();
        self.storage.check(is_anonymous)?;
        if let (Some(clients), Some(client)) = (self.storage.clients(), &mailbox.created_from)
            && is_anonymous
            && clients.room(client) < new.size_bytes.max(1)
        {
            return Err(Error::MailboxFull);
        }
        if let Some(most) = self.storage.anonymous_day_bytes()
            && is_anonymous
            && model::received_on(&mailbox, model::day_of(self.clock.now())) + new.size_bytes.max(1) > most
        {
            return Err(Error::ReceivedEnough);
        }
        Ok(mailbox.id)
    }

    async fn recipient(&self, address: &Address) -> Result<Option<Arc<Mailbox>>, Error> {
        let Some(domain) = self.served(address).await? else {
            return Ok(None);
        };
        // A custom domain that another user had before can have mailboxes of that user: they receive nothing here.
        let own = self.mailbox_at(address).await?;
        if let Some(mailbox) = own.filter(|mailbox| domain.admits(mailbox)) {
            // A system domain can have the name of the domain of sandboxes, which receive nothing from outside.
            let is_sandbox = sandboxes::is_address(address) && self.is_sandbox(mailbox.id).await?;
            return Ok((!is_sandbox).then_some(mailbox));
        }
        if matches!(domain, Served::System)
            && let Some(operator) = self.config.operator_address(address)
        {
            return self.mailbox_at(&operator).await;
        }
        let fallback = self.fallback_recipient(address, &domain).await?;
        Ok(fallback.filter(|mailbox| domain.admits(mailbox)))
    }

    /// Returns the mailbox for an address without one: for `user+tag@` that of `user@`, for any other name the catch-all of the
    /// domain. An address that has or had a mailbox of its own has no fallback: its mail goes to no other mailbox.
    async fn fallback_recipient(
        &self,
        address: &Address,
        domain: &Served,
    ) -> Result<Option<Arc<Mailbox>>, Error> {
        let (untagged, catch_all) = (model::untagged(address), self.catch_all(domain).await?);
        if (untagged.is_none() && catch_all.is_none()) || self.is_held(address, domain).await? {
            return Ok(None);
        }
        if let Some(untagged) = untagged {
            let mailbox = self.mailbox_at(&untagged).await?;
            let mailbox = mailbox.filter(|mailbox| domain.admits(mailbox));
            if mailbox.is_some() || catch_all.is_none() || self.is_held(&untagged, domain).await? {
                return Ok(mailbox);
            }
        }
        match catch_all {
            Some(id) => self.active_mailbox(id).await,
            None => Ok(None),
        }
    }

    /// Returns the mailbox that receives mail for unknown names of a domain.
    async fn catch_all(&self, domain: &Served) -> Result<Option<AccountId>, Error> {
        match (domain, self.config.catch_all()) {
            (Served::Custom { catch_all, .. }, _) => Ok(*catch_all),
            (Served::System, None) => Ok(None),
            (Served::System, Some(address)) => Ok(self.mailbox_at(&address).await?.map(|mailbox| mailbox.id)),
        }
    }

    async fn is_sandbox(&self, account: AccountId) -> Result<bool, Error> {
        let found = self.store.read("find_sandbox_of_account", |c| {
            Box::pin(async move { Ok(store::sandboxes::list_of_accounts(c, vec![account]).await?) })
        });
        Ok(!found.await?.is_empty())
    }

    /// Returns whether a mailbox, possibly deleted, has an address of a domain.
    async fn is_held(&self, address: &Address, domain: &Served) -> Result<bool, Error> {
        let key = address.clone();
        let found = self
            .store
            .read("find_owner_of_address", |c| {
                Box::pin(async move { Ok(mailboxes::find_by_address(c, key.as_str()).await?) })
            })
            .await?;
        Ok(found.is_some_and(|mailbox| domain.admits(&mailbox)))
    }

    /// Returns the domain of an address, if it receives mail.
    pub(super) async fn served(&self, address: &Address) -> Result<Option<Served>, Error> {
        let is_system = |known: &mayfly_types::DomainName| known.as_str() == address.domain();
        if self.domains.iter().any(is_system) || self.config.is_role_of_host(address, self.dns.mx_hostname())
        {
            return Ok(Some(Served::System));
        }
        let cache = self.store.cache();
        if cache.is_unserved(address.domain()) {
            return Ok(None);
        }
        let (name, ticket) = (address.domain().to_owned(), cache.begin_unserved());
        let served = self
            .store
            .read("find_domain_of_recipient", |c| {
                Box::pin(async move {
                    if let Some(domain) = custom_domains::find_verified(c, &name).await? {
                        return Ok(Some(Served::Custom {
                            owner: domain.user_id,
                            catch_all: domain.catch_all,
                        }));
                    }
                    Ok(domains::is_known(c, &name).await?.then_some(Served::System))
                })
            })
            .await?;
        if served.is_none() {
            cache.insert_unserved(ticket, address.domain());
        }
        Ok(served)
    }
}
