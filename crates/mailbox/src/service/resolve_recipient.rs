//! Whether mail for an address can be taken now: the question at RCPT.

use std::sync::Arc;

use mayfly_types::{AccountId, Address};
use uuid::Uuid;

use super::Service;
use crate::{
    error::Error,
    model,
    store::{Mailbox, custom_domains, domains, mailboxes},
};

/// A domain that mail is taken for.
enum Served {
    /// A system domain, or what was one.
    System,
    /// One that a Pro user has verified and not given up.
    Custom { owner: Uuid, catch_all: Option<Uuid> },
}

impl Served {
    /// Tells whether mail for a mailbox on the domain is taken: on a custom domain only for its owner's.
    fn admits(&self, mailbox: &Mailbox) -> bool {
        match self {
            Self::System => true,
            Self::Custom { owner, .. } => mailbox.owner_user_id == Some(*owner),
        }
    }

    fn catch_all(&self) -> Option<Uuid> {
        match self {
            Self::System => None,
            Self::Custom { catch_all, .. } => *catch_all,
        }
    }
}

impl Service {
    /// Returns the active mailbox that takes mail for an address, if it has room for the announced size.
    #[tracing::instrument(name = "mailbox.resolve_recipient", level = "debug", skip_all)]
    pub(crate) async fn resolve_recipient(&self, address: &str, size_bytes: i64) -> Result<AccountId, Error> {
        let address: Address = address.parse().map_err(|_| Error::NotFound)?;
        let domain = self.served(&address).await?.ok_or(Error::NotFound)?;
        let mailbox = match self.mailbox_at(&address).await? {
            Some(mailbox) => Some(mailbox),
            None => self.stand_in(&address, domain.catch_all()).await?,
        };
        let mailbox = mailbox
            .filter(|mailbox| domain.admits(mailbox))
            .ok_or(Error::NotFound)?;
        if !model::has_room(&mailbox, size_bytes) {
            return Err(Error::MailboxFull);
        }
        Ok(AccountId::from_uuid(mailbox.id))
    }

    /// Returns the mailbox that takes mail for an address which has none: for `user+tag@` it is that of `user@`, for any
    /// other name the domain's catch-all. An address that somebody has or had gets no other mailbox, with a tag or without:
    /// its mail is for nobody else.
    async fn stand_in(
        &self,
        address: &Address,
        catch_all: Option<Uuid>,
    ) -> Result<Option<Arc<Mailbox>>, Error> {
        let untagged = untagged(address);
        if (untagged.is_none() && catch_all.is_none()) || self.is_held(address).await? {
            return Ok(None);
        }
        if let Some(untagged) = untagged {
            let mailbox = self.mailbox_at(&untagged).await?;
            if mailbox.is_some() || catch_all.is_none() || self.is_held(&untagged).await? {
                return Ok(mailbox);
            }
        }
        match catch_all {
            Some(id) => self.active_mailbox(id).await,
            None => Ok(None),
        }
    }

    /// Tells whether there is or was a mailbox with an address.
    async fn is_held(&self, address: &Address) -> Result<bool, Error> {
        let key = address.clone();
        self.store
            .read("find_holder_of_address", |c| {
                Box::pin(async move { Ok(mailboxes::find_by_address(c, key.as_str()).await?.is_some()) })
            })
            .await
    }

    /// Returns the domain of an address, if mail is taken for it.
    async fn served(&self, address: &Address) -> Result<Option<Served>, Error> {
        let is_system = |known: &mayfly_types::DomainName| known.as_str() == address.domain();
        if self.domains.iter().any(is_system) {
            return Ok(Some(Served::System));
        }
        let name = address.domain().to_owned();
        self.store
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
            .await
    }
}

/// Returns `user@` of `user+tag@`.
fn untagged(address: &Address) -> Option<Address> {
    let (user, _) = address.local_part().split_once('+')?;
    format!("{user}@{}", address.domain()).parse().ok()
}
