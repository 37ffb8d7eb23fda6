//! Permits for work that holds much memory or CPU. They are counted for the client's address and for the mailbox or Pro
//! user, so that neither many mailboxes of one client nor many clients of one mailbox take all of them.

use std::{net::IpAddr, sync::Arc, time::Duration};

use mayfly_proto::{
    auth::LimitedOwner,
    mailbox::{Scope, scope::Caller},
};
use mayfly_rpc::Failure;
use mayfly_runtime::shares::{Bounds, Exceeded, Share, Shares};

use super::principal::Principal;

/// Whom the permits of a request count against.
#[derive(Debug, Clone)]
pub(crate) struct Party {
    /// The id of the mailbox or the Pro user.
    owner: String,
    client: IpAddr,
}

impl Party {
    /// The party of a caller with a scope.
    pub(crate) fn of_scope(scope: &Scope, client: IpAddr) -> Self {
        let user = |id: &String, limited: Option<&LimitedOwner>| {
            limited.map_or_else(|| id.clone(), |limited| limited.user_id.clone())
        };
        let owner = match &scope.caller {
            Some(Caller::AccountId(id)) => id.clone(),
            Some(Caller::Owned(owned)) => user(&owned.owner_user_id, owned.limited_owner.as_ref()),
            Some(Caller::AnyOwnedBy(any)) => user(&any.owner_user_id, any.limited_owner.as_ref()),
            // Everybody reads open mailboxes, each for himself.
            Some(Caller::AnyOpen(_)) => client.to_string(),
            None => String::new(),
        };
        Self { owner, client }
    }

    /// The party of an authenticated caller.
    pub(crate) fn of_principal(principal: &Principal, client: IpAddr) -> Self {
        let owner = match principal {
            Principal::Mailbox { account_id } => account_id.clone(),
            Principal::Pro(pro) => pro.user_id.clone(),
        };
        Self { owner, client }
    }
}

/// The permits of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Permits {
    clients: Arc<Shares<IpAddr>>,
    owners: Arc<Shares<String>>,
}

/// A permit; dropping it returns it.
#[derive(Debug)]
pub(crate) struct Permit {
    _client: Share<IpAddr>,
    _owner: Share<String>,
}

impl Permits {
    /// Creates permits, with the bounds of clients and the share of an owner.
    pub(crate) fn new(clients: Bounds, share_of_owner: u64) -> Self {
        let owners = Bounds {
            // A request that waits for a permit of its client has one of its owner, so a client with many mailboxes would take
            // all of a bounded number.
            total: u64::MAX,
            share: share_of_owner,
            reserve: 0,
            small: 0,
        };
        Self {
            clients: Shares::new(clients),
            owners: Shares::new(owners),
        }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// `RateLimited` above the share of the party, `Unavailable` when there are no more, after the time-out.
    pub(crate) async fn acquire(&self, party: &Party, timeout: Duration) -> Result<Permit, Failure> {
        let until = tokio::time::Instant::now() + timeout;
        // The owner first: a request that waits for a permit of its owner takes none of the clients'.
        let owner = self.owners.take_within(party.owner.clone(), 1, timeout).await;
        let owner = owner.map_err(refused)?;
        let left = until - tokio::time::Instant::now();
        let client = self.clients.take_within(party.client, 1, left).await;
        Ok(Permit {
            _client: client.map_err(refused)?,
            _owner: owner,
        })
    }

    /// Takes a permit at once.
    ///
    /// # Errors
    /// As [`Permits::acquire`].
    pub(crate) fn try_acquire(&self, party: &Party) -> Result<Permit, Failure> {
        Ok(Permit {
            _owner: self.owners.take(party.owner.clone(), 1).map_err(refused)?,
            _client: self.clients.take(party.client, 1).map_err(refused)?,
        })
    }
}

/// Returns the answer to a request beyond a bound.
pub(crate) fn refused(exceeded: Exceeded) -> Failure {
    match exceeded {
        Exceeded::Share => Failure::rate_limited(Duration::from_secs(1)),
        Exceeded::Pool => Failure::unavailable("no permit is left"),
    }
}

#[cfg(test)]
impl Party {
    /// A party for tests.
    pub(crate) fn test(owner: &str, last: u8) -> Self {
        Self {
            owner: owner.to_owned(),
            client: [192, 0, 2, last].into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use mayfly_types::Reason;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn acquire_by_greedy_party_leaves_permits_to_others() {
        let permits = Permits::new(
            Bounds {
                total: 32,
                share: 8,
                reserve: 8,
                small: 2,
            },
            4,
        );
        let wait = Duration::from_secs(5);
        let mut held = Vec::new();
        for n in 0..10 {
            match permits.acquire(&Party::test("a", n), wait).await {
                Ok(permit) => held.push(permit),
                Err(failure) => assert_eq!(failure.reason, Reason::RateLimited),
            }
        }
        assert_eq!(held.len(), 4, "the share of a mailbox");
        for n in 0..20 {
            held.extend(permits.try_acquire(&Party::test(&format!("m{n}"), 50)));
        }
        assert_eq!(held.len(), 12, "the share of a client");
        for n in 0..100 {
            held.extend(permits.try_acquire(&Party::test(&format!("n{n}"), 60 + n % 3)));
        }
        assert_eq!(held.len(), 24, "all but the reserve");
        assert!(permits.acquire(&Party::test("b", 200), wait).await.is_ok());
    }

    /// One client has its share, and its requests for many mailboxes wait for more.
    #[tokio::test(start_paused = true)]
    async fn requests_that_wait_take_no_permit_of_others() {
        let bounds = Bounds {
            total: 4,
            share: 2,
            reserve: 1,
            small: 1,
        };
        let permits = Permits::new(bounds, 1);
        let owners: Vec<String> = (0..100).map(|n| format!("m{n}")).collect();
        let asked = owners.iter().map(|owner| {
            let (permits, party) = (permits.clone(), Party::test(owner, 1));
            async move {
                let permit = permits.acquire(&party, Duration::from_secs(2)).await;
                std::future::pending::<()>().await;
                drop(permit);
            }
        });
        let asked = futures_util::future::join_all(asked);
        let other = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            permits.try_acquire(&Party::test("b", 2))
        };
        tokio::select! {
            _ = asked => unreachable!("the permits are held"),
            other = other => assert!(other.is_ok(), "{other:?}"),
        }
    }
}
