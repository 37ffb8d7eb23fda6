//! Reserves an address for a minute, in which `auth` creates its credential.

use std::net::IpAddr;

use mayfly_database::{DatabaseTransaction, idempotency::Call, is_unique_violation};
use mayfly_types::{AccountId, Address, OwnerAccess, client_network};
use time::{Duration, OffsetDateTime};

use super::Service;
use crate::{
    config,
    error::Error,
    model,
    store::{Mailbox, State, address_locks, custom_domains, domains, mailboxes, millis, outbox, owners},
};

/// The address to reserve, and its owner.
#[derive(Debug)]
pub(crate) struct Reservation {
    address: Address,
    owner: Option<OwnerAccess>,
    /// The client that creates it, if it is known.
    client: Option<IpAddr>,
    call: Option<Call>,
}

impl Reservation {
    /// Parses a request.
    pub(crate) fn new(
        address: &str,
        owner: Option<OwnerAccess>,
        client: Option<IpAddr>,
        idempotency_key: Option<&str>,
    ) -> Result<Self, Error> {
        let address: Address = address.parse().map_err(|_| Error::InvalidAddress)?;
        // Idempotency keys belong to Pro users.
        let call = owner
            .as_ref()
            .zip(idempotency_key)
            .map(|(owner, key)| Call::new("reserve_mailbox", owner.user, key, &[address.as_str()]));
        Ok(Self {
            address,
            owner,
            client,
            call,
        })
    }
}

impl Service {
    /// Reserves an address. The transaction that inserts the mailbox checks the address. A repeated call with the same idempotency
    /// key returns the same mailbox while it exists, and creates another once it is gone.
    #[tracing::instrument(name = "mailbox.reserve_mailbox", level = "debug", skip_all)]
    pub(crate) async fn reserve_mailbox(&self, reservation: Reservation) -> Result<AccountId, Error> {
        if reservation.owner.is_none() {
            self.storage.check_creation()?;
        }
        let access = reservation.owner.as_ref();
        if access.is_some_and(|owner| !owner.allows_creation(&reservation.address)) {
            return Err(Error::NotFound);
        }
        let now = self.clock.now();
        let lease_ms = millis(now + model::LEASE);
        let id = AccountId::new(now);
        let owner = access.map(|owner| owner.user);
        let mailbox = Mailbox {
            id,
            address: reservation.address.to_string(),
            untagged_address: model::untagged(&reservation.address).map(|untagged| untagged.to_string()),
            owner_user_id: owner,
            state: State::Reserved,
            quota_bytes: self.config.quota(owner.is_some()),
            used_bytes: 0,
            message_count: 0,
            created_at_ms: millis(now),
            last_active_at_ms: millis(now),
            lease_expires_at_ms: Some(lease_ms),
            deleted_at_ms: None,
            last_message_id: None,
            received_day: 0,
            received_bytes: 0,
            // Not stored where nothing needs it.
            created_from: (reservation.client)
                .filter(|_| owner.is_none() && self.storage.clients().is_some())
                .map(|client| client_network(client).to_string()),
            created_by_token_id: access.and_then(OwnerAccess::creator),
        };
        let detached = self.detachable(&reservation).await?;
        let claim = Claim {
            mailbox,
            is_reserved_name: self.config.is_reserved(&reservation.address),
            address: reservation.address,
            tombstone: config::duration(self.config.tombstone),
            max_accounts: u64::from(self.config.max_accounts),
            now,
            expiry: self.expiry.now(),
        };
        let (call, answers) = (reservation.call, self.store.answers().clone());
        let reserved = self.store.write("reserve_mailbox", detached, move |tx| {
            let (claim, call, answers) = (claim.clone(), call.clone(), answers.clone());
            Box::pin(async move {
                if let Some(call) = &call
                    && let Some(earlier) = answers.begin::<AccountId, Error>(tx, call, now).await?
                    && (mailboxes::extend(tx, earlier, millis(now), lease_ms).await?
                        || mailboxes::find_active(tx, earlier).await?.is_some())
                {
                    return Ok((earlier, false));
                }
                let has_replaced = claim.make(tx).await?;
                if let Some(call) = &call {
                    answers.finish(tx, call, &id, now).await?;
                }
                Ok((id, has_replaced))
            })
        });
        let (id, has_replaced) = reserved.await?;
        if has_replaced {
            self.outbox.notify_one();
        }
        Ok(id)
    }

    /// Returns the mailbox of a former owner of a custom domain, which loses the address to this reservation.
    async fn detachable(&self, reservation: &Reservation) -> Result<Option<AccountId>, Error> {
        let address = &reservation.address;
        if self.domains.iter().any(|name| name.as_str() == address.domain()) {
            return Ok(None);
        }
        let found = self.read_mailbox_at(address).await?;
        Ok(found
            .filter(|mailbox| mailbox.owner_user_id != reservation.owner.as_ref().map(|owner| owner.user))
            .map(|mailbox| mailbox.id))
    }
}

/// A new mailbox, and the data that decides whether it can be created.
#[derive(Debug, Clone)]
struct Claim {
    mailbox: Mailbox,
    address: Address,
    /// Only the operator has the address on a system domain.
    is_reserved_name: bool,
    tombstone: Duration,
    max_accounts: u64,
    now: OffsetDateTime,
    /// The time by which tombstones expire.
    expiry: OffsetDateTime,
}

impl Claim {
    /// Creates the mailbox. Returns whether it replaces an earlier mailbox with the same address.
    async fn make(self, tx: &DatabaseTransaction) -> Result<bool, Error> {
        let is_system = self.check_domain(tx).await?;
        let (mailbox, now) = (self.mailbox, self.now);
        let owner = mailbox.owner_user_id;
        let mut earlier = mailboxes::lock_by_address(tx, &mailbox.address).await?;
        if let Some(former) = earlier
            .as_ref()
            .filter(|earlier| !is_system && earlier.owner_user_id != owner)
        {
            // The owner of the domain has the address; the mailbox of a former owner keeps its mail under another name.
            mailboxes::rename(tx, former.id, model::detached(&former.address, former.id)).await?;
            earlier = None;
        }
        if earlier
            .as_ref()
            .is_some_and(|earlier| model::is_held(earlier, self.tombstone, self.expiry))
        {
            return Err(Error::AddressTaken);
        }
        if let Some(owner) = owner {
            if !owners::lock(tx, owner).await? {
                return Err(Error::NotFound);
            }
            if mailboxes::count_claimed(tx, owner, millis(now)).await? >= self.max_accounts {
                return Err(Error::AccountLimitReached);
            }
        }
        let has_replaced = earlier.is_some();
        if let Some(earlier) = earlier {
            if earlier.used_bytes > 0 {
                // The sweeper is behind: the old mail must be removed before the address is reused.
                return Err(Error::AddressTaken);
            }
            mailboxes::remove(tx, &[earlier.id]).await?;
            if earlier.state == State::Reserved {
                outbox::delete_credentials(tx, &[earlier.id], now).await?;
            }
        }
        match mailboxes::insert(tx, mailbox).await {
            // A concurrent call inserted the address first.
            Err(error) if is_unique_violation(&error) => Err(Error::AddressTaken),
            inserted => Ok(inserted.map(|()| has_replaced)?),
        }
    }

    /// Checks that the owner may have an address of this domain. Returns whether it is a system domain: there the tags of
    /// `user@` belong to the owner of `user@`, since its mail includes theirs. All addresses of a custom domain have one owner.
    async fn check_domain(&self, tx: &DatabaseTransaction) -> Result<bool, Error> {
        let (name, owner) = (self.address.domain(), self.mailbox.owner_user_id);
        let listed = domains::list(tx).await?;
        if let Some(known) = listed.iter().find(|known| known.name == name) {
            if known.is_pro_only && owner.is_none() {
                return Err(Error::InvalidDomain);
            }
            if self.is_reserved_name {
                return Err(Error::ReservedAddress);
            }
            let untagged = model::untagged(&self.address);
            address_locks::lock(tx, untagged.as_ref().unwrap_or(&self.address)).await?;
            let tombstones_since = self
                .expiry
                .checked_sub(self.tombstone)
                .unwrap_or(OffsetDateTime::UNIX_EPOCH);
            let holders = mailboxes::Holders {
                address: &self.address,
                owner,
                now_ms: millis(self.now),
                tombstones_since_ms: millis(tombstones_since),
            };
            if mailboxes::is_held_by_other(tx, holders).await? {
                return Err(Error::AddressTaken);
            }
            return Ok(true);
        }
        let own = match owner {
            Some(owner) => custom_domains::lock_named(tx, owner, name).await?,
            None => None,
        };
        match own {
            None => Err(Error::InvalidDomain),
            Some(own) if own.verified_name.is_none() => Err(Error::InvalidAddress),
            Some(_) => Ok(false),
        }
    }
}
