//! Sets the catch-all mailbox of a domain.

use mayfly_types::{AccountId, Address, DomainId, OwnerAccess};

use super::Service;
use crate::{
    error::Error,
    store::{Mailbox, custom_domains, entities::custom_domain, mailboxes, within},
};

/// The account is not an active mailbox of the Pro user on the domain.
pub(crate) const INVALID_CATCH_ALL: Error =
    Error::InvalidRequest("catch_all: is no active mailbox of yours on this domain");

impl Service {
    /// Sets the mailbox that receives mail for unknown names of a Pro user's domain, or none.
    #[tracing::instrument(name = "mailbox.set_catch_all", level = "debug", skip_all)]
    pub(crate) async fn set_catch_all(
        &self,
        owner: OwnerAccess,
        id: DomainId,
        account: Option<AccountId>,
    ) -> Result<custom_domain::Model, Error> {
        self.store
            .write("set_catch_all", None, move |tx| {
                let owner = owner.clone();
                Box::pin(async move {
                    let user = owner.user;
                    let found = custom_domains::find(tx, user, id).await?;
                    let domain = found.filter(|domain| owner.allows_domain(&domain.name));
                    let domain = domain.ok_or(Error::NotFound)?;
                    if let Some(account) = account {
                        // Locked, so that it is not deleted before the commit: its deletion clears the catch-all.
                        let mailbox = mailboxes::lock_active(tx, &[account]).await?.pop();
                        let is_theirs = |mailbox: Mailbox| {
                            mailbox.owner_user_id == Some(user) && is_on(&mailbox.address, &domain.name)
                        };
                        if !mailbox.is_some_and(is_theirs) || !within::contains(tx, &owner, account).await? {
                            return Err(INVALID_CATCH_ALL);
                        }
                    }
                    if !custom_domains::set_catch_all(tx, user, id, account).await? {
                        return Err(Error::NotFound);
                    }
                    Ok(custom_domain::Model {
                        catch_all: account,
                        ..domain
                    })
                })
            })
            .await
    }
}

fn is_on(address: &str, domain: &str) -> bool {
    address
        .parse()
        .is_ok_and(|address: Address| address.domain() == domain)
}
