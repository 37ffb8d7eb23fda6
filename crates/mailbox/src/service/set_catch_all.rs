//! Naming the mailbox that takes what a domain's other names are sent.

use mayfly_types::{AccountId, Address, DomainId};

use super::{Service, custom_domains as rules};
use crate::{
    error::Error,
    store::{Mailbox, custom_domains, entities::custom_domain, mailboxes},
};

const NOT_THEIRS: Error = Error::InvalidRequest("catch_all: is no active mailbox of yours on this domain");

impl Service {
    /// Names a mailbox for what a Pro user's domain has no mailbox for, or none.
    #[tracing::instrument(name = "mailbox.set_catch_all", level = "debug", skip_all)]
    pub(crate) async fn set_catch_all(
        &self,
        user_id: &str,
        domain_id: &str,
        account_id: Option<&str>,
    ) -> Result<custom_domain::Model, Error> {
        let user = rules::user(user_id)?.as_uuid();
        let id = domain_id
            .parse::<DomainId>()
            .map_err(|_| Error::NotFound)?
            .as_uuid();
        let account = account_id
            .map(str::parse::<AccountId>)
            .transpose()
            .map_err(|_| NOT_THEIRS)?
            .map(AccountId::as_uuid);
        self.store
            .write("set_catch_all", None, move |tx| {
                Box::pin(async move {
                    let domain = custom_domains::find(tx, user, id).await?.ok_or(Error::NotFound)?;
                    if let Some(account) = account {
                        // Locked, so that it cannot end before it is named: its end takes the name away again.
                        let mailbox = mailboxes::lock_active(tx, &[account]).await?.pop();
                        let is_theirs = |mailbox: Mailbox| {
                            mailbox.owner_user_id == Some(user) && is_on(&mailbox.address, &domain.name)
                        };
                        if !mailbox.is_some_and(is_theirs) {
                            return Err(NOT_THEIRS);
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
