//! Whether mail for an address can be taken now: the question at RCPT.

use std::sync::Arc;

use mayfly_types::{AccountId, Address};

use super::Service;
use crate::{
    error::Error,
    model,
    store::{Mailbox, custom_domains, domains, mailboxes},
};

impl Service {
    /// Returns the active mailbox that takes mail for an address, if it has room for the announced size.
    #[tracing::instrument(name = "mailbox.resolve_recipient", level = "debug", skip_all)]
    pub(crate) async fn resolve_recipient(&self, address: &str, size_bytes: i64) -> Result<AccountId, Error> {
        let address: Address = address.parse().map_err(|_| Error::NotFound)?;
        let mailbox = match self.mailbox_at(&address).await? {
            Some(mailbox) => mailbox,
            None => self.untagged(&address).await?.ok_or(Error::NotFound)?,
        };
        if !self.takes_mail(&mailbox, &address).await? {
            return Err(Error::NotFound);
        }
        if !model::has_room(&mailbox, size_bytes) {
            return Err(Error::MailboxFull);
        }
        Ok(AccountId::from_uuid(mailbox.id))
    }

    /// Returns the mailbox that `user+tag@` stands for, unless somebody has or had that address for their own.
    async fn untagged(&self, address: &Address) -> Result<Option<Arc<Mailbox>>, Error> {
        let Some((user, _)) = address.local_part().split_once('+') else {
            return Ok(None);
        };
        let Ok(untagged) = format!("{user}@{}", address.domain()).parse::<Address>() else {
            return Ok(None);
        };
        let tagged = address.to_string();
        let holder = self
            .store
            .read("find_mailbox_by_address", |c| {
                Box::pin(async move { Ok(mailboxes::find_by_address(c, &tagged).await?) })
            })
            .await?;
        match holder {
            Some(_) => Ok(None),
            None => self.mailbox_at(&untagged).await,
        }
    }

    /// Tells whether a mailbox's domain is served: a system domain, or one that its owner has verified and not given up.
    async fn takes_mail(&self, mailbox: &Mailbox, address: &Address) -> Result<bool, Error> {
        if self
            .domains
            .iter()
            .any(|known| known.as_str() == address.domain())
        {
            return Ok(true);
        }
        let (domain, owner) = (address.domain().to_owned(), mailbox.owner_user_id);
        self.store
            .read("find_domain_of_recipient", |c| {
                Box::pin(async move {
                    let verified = custom_domains::find_verified(c, &domain).await?;
                    let is_own = verified.is_some_and(|domain| Some(domain.user_id) == owner);
                    Ok(is_own || domains::is_known(c, &domain).await?)
                })
            })
            .await
    }
}
