//! Claiming an address for a minute, in which its credential is made.

use mayfly_runtime::database::is_unique_violation;
use mayfly_types::{AccountId, Address, UserId};

use super::Service;
use crate::{
    config,
    error::Error,
    model,
    store::{Mailbox, State, custom_domains, domains, mailboxes, millis, outbox, owners},
};

/// Which address is asked for, and for whom.
#[derive(Debug)]
pub(crate) struct Reservation {
    address: Address,
    owner: Option<UserId>,
}

impl Reservation {
    /// Reads a request.
    pub(crate) fn new(address: &str, owner_user_id: Option<&str>) -> Result<Self, Error> {
        let owner = owner_user_id
            .map(str::parse)
            .transpose()
            .map_err(|_| Error::InvalidRequest("owner_user_id is not a UUID"))?;
        let address = address.parse().map_err(|_| Error::InvalidAddress)?;
        Ok(Self { address, owner })
    }
}

impl Service {
    /// Reserves an address. Who holds it is decided in the transaction that inserts the new mailbox.
    #[tracing::instrument(name = "mailbox.reserve_mailbox", level = "debug", skip_all)]
    pub(crate) async fn reserve_mailbox(&self, reservation: Reservation) -> Result<AccountId, Error> {
        let now = self.clock.now();
        let tombstone = config::duration(self.config.tombstone);
        let max_accounts = u64::from(self.config.max_accounts);
        let id = AccountId::new(now);
        let owner = reservation.owner.map(UserId::as_uuid);
        let mailbox = Mailbox {
            id: id.as_uuid(),
            address: reservation.address.to_string(),
            owner_user_id: owner,
            state: State::Reserved,
            quota_bytes: self.config.quota(owner.is_some()),
            used_bytes: 0,
            created_at_ms: millis(now),
            last_active_at_ms: millis(now),
            lease_expires_at_ms: Some(millis(now + model::LEASE)),
            deleted_at_ms: None,
            last_message_id: None,
        };
        let domain = reservation.address.domain().to_owned();
        let has_replaced = self
            .store
            .write("reserve_mailbox", None, move |tx| {
                let (mailbox, domain) = (mailbox.clone(), domain.clone());
                Box::pin(async move {
                    if !domains::list(tx).await?.iter().any(|known| known.name == domain) {
                        let own = match owner {
                            Some(owner) => custom_domains::find_named(tx, owner, &domain).await?,
                            None => None,
                        };
                        match own {
                            None => return Err(Error::InvalidDomain),
                            Some(own) if own.verified_name.is_none() => return Err(Error::InvalidAddress),
                            Some(_) => {}
                        }
                    }
                    let holder = mailboxes::lock_by_address(tx, &mailbox.address).await?;
                    if holder
                        .as_ref()
                        .is_some_and(|holder| model::is_held(holder, tombstone, now))
                    {
                        return Err(Error::AddressTaken);
                    }
                    if let Some(owner) = owner {
                        owners::lock(tx, owner).await?;
                        if mailboxes::count_claimed(tx, owner, millis(now)).await? >= max_accounts {
                            return Err(Error::AccountLimitReached);
                        }
                    }
                    let has_replaced = holder.is_some();
                    if let Some(holder) = holder {
                        if holder.used_bytes > 0 {
                            // The sweeper is behind: its mail must go before the name is given away.
                            return Err(Error::AddressTaken);
                        }
                        mailboxes::remove(tx, &[holder.id]).await?;
                        if holder.state == State::Reserved {
                            outbox::delete_credentials(tx, &[holder.id], now).await?;
                        }
                    }
                    match mailboxes::insert(tx, mailbox).await {
                        // Somebody else was faster by a moment.
                        Err(error) if is_unique_violation(&error) => Err(Error::AddressTaken),
                        inserted => Ok(inserted.map(|()| has_replaced)?),
                    }
                })
            })
            .await?;
        if has_replaced {
            self.outbox.notify_one();
        }
        Ok(id)
    }
}
