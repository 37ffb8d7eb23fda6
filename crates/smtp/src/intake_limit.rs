//! Limits on the mails of a minute: of each sending client, and for each mailbox. Counted in this process when a client names
//! recipients, so that a delivery costs no call; of several `smtp` processes each counts for itself.

use std::{
    convert::Infallible, future::ready, hash::Hash, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;
use mayfly_runtime::task::Tasks;
use mayfly_types::{AccountId, client_network};

use crate::config::Config;

/// How often clients and mailboxes are removed that are counted no more.
const PRUNE_EVERY: Duration = Duration::from_secs(30);
/// How many clients, mailboxes, and clients of mailboxes are counted. Further ones are not limited by the count that is full.
const MAX_ENTRIES: usize = 100_000;
/// What part of the mails for a mailbox one client can send, so that one alone does not keep away the mail of others.
const CLIENT_PART: u32 = 2;

type Limiter<K> = Arc<DefaultKeyedRateLimiter<K>>;

/// The limits of a process.
#[derive(Debug, Clone)]
pub(crate) struct IntakeLimit {
    clients: Option<Limiter<IpAddr>>,
    mailboxes: Option<Limiter<AccountId>>,
    clients_of_mailboxes: Option<Limiter<(AccountId, IpAddr)>>,
    /// Clients in them are not limited.
    unlimited: Arc<[IpNet]>,
}

impl IntakeLimit {
    pub(crate) fn start(config: &Config, tasks: &Tasks) -> Self {
        let of_mailbox = config.mailbox_rate_limit;
        Self {
            clients: limiter(config.client_rate_limit, tasks),
            mailboxes: limiter(of_mailbox, tasks),
            clients_of_mailboxes: limiter(of_mailbox.div_ceil(CLIENT_PART), tasks),
            unlimited: config.unlimited_networks.0.as_slice().into(),
        }
    }

    /// Returns whether a client is limited at all.
    pub(crate) fn applies_to(&self, client: IpAddr) -> bool {
        let client = client.to_canonical();
        (self.clients.is_some() || self.mailboxes.is_some())
            && !self.unlimited.iter().any(|network| network.contains(&client))
    }

    /// Counts a mail of a client. Returns false if it has sent enough.
    pub(crate) fn takes_from(&self, client: IpAddr) -> bool {
        takes(self.clients.as_ref(), &client_network(client))
    }

    /// Counts a mail of a client for a mailbox. Returns false if the mailbox has received enough.
    pub(crate) fn takes_for(&self, mailbox: AccountId, client: IpAddr) -> bool {
        takes(
            self.clients_of_mailboxes.as_ref(),
            &(mailbox, client_network(client)),
        ) && takes(self.mailboxes.as_ref(), &mailbox)
    }
}

fn limiter<K: Hash + Eq + Clone + Send + Sync + 'static>(
    per_minute: u32,
    tasks: &Tasks,
) -> Option<Limiter<K>> {
    let limiter = Arc::new(RateLimiter::dashmap(Quota::per_minute(NonZeroU32::new(
        per_minute,
    )?)));
    let pruned = Arc::clone(&limiter);
    tasks.every("intake limit pruning", PRUNE_EVERY, PRUNE_EVERY, move || {
        pruned.retain_recent();
        pruned.shrink_to_fit();
        ready(Ok::<(), Infallible>(()))
    });
    Some(limiter)
}

fn takes<K: Hash + Eq + Clone>(limiter: Option<&Limiter<K>>, key: &K) -> bool {
    limiter.is_none_or(|limiter| limiter.len() >= MAX_ENTRIES || limiter.check_key(key).is_ok())
}

#[cfg(test)]
mod tests {
    use mayfly_runtime::config::List;
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn limit(client: u32, mailbox: u32) -> IntakeLimit {
        let config = Config {
            client_rate_limit: client,
            mailbox_rate_limit: mailbox,
            unlimited_networks: List(vec!["10.0.0.0/8".parse().unwrap()]),
            ..Config::default()
        };
        IntakeLimit::start(&config, &Tasks::new(CancellationToken::new()))
    }

    #[tokio::test]
    async fn takes_from_client_beyond_limit_is_false() {
        let limit = limit(20, 0);
        let taken = |client: &str| {
            let client = client.parse().unwrap();
            (0..100).filter(|_| limit.takes_from(client)).count()
        };
        assert_eq!(taken("192.0.2.1"), 20);
        assert_eq!(taken("2001:db8:0:1::1"), 20);
        assert_eq!(taken("2001:db8:0:1::2"), 0, "the same /64");
        assert_eq!(taken("192.0.2.2"), 20);
    }

    /// One client sends as fast as it can: the mailbox still takes the mail of another.
    #[tokio::test]
    async fn takes_for_mailbox_leaves_half_to_other_clients() {
        let limit = limit(0, 20);
        let [ann, bob] = [1, 2].map(|n| AccountId::from_uuid(uuid::Uuid::from_u128(n)));
        let taken = |mailbox, last: u8| {
            let client = [192, 0, 2, last].into();
            (0..100).filter(|_| limit.takes_for(mailbox, client)).count()
        };
        assert_eq!(taken(ann, 1), 10);
        assert_eq!(taken(ann, 2), 10);
        assert_eq!(taken(ann, 3), 0);
        assert_eq!(taken(bob, 1), 10);
    }

    #[tokio::test]
    async fn applies_to_unlimited_networks_or_without_limits_is_false() {
        for (limit, client, applies) in [
            (limit(1, 1), "192.0.2.1", true),
            (limit(1, 1), "10.1.2.3", false),
            (limit(1, 1), "::ffff:10.1.2.3", false),
            (limit(0, 0), "192.0.2.1", false),
        ] {
            assert_eq!(limit.applies_to(client.parse().unwrap()), applies, "{client}");
        }
        let local = IntakeLimit::start(&Config::default(), &Tasks::new(CancellationToken::new()));
        for client in ["127.0.0.1", "::1", "172.17.0.1", "192.168.1.9", "fd00::1"] {
            assert!(!local.applies_to(client.parse().unwrap()), "{client}");
        }
        assert!(local.applies_to([192, 0, 2, 1].into()));
    }
}
