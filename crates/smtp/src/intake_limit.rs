//! Limits on the mails of a minute: of each sending client, and for each mailbox. Counted in this process, so that a delivery
//! costs no call; of several `smtp` processes each counts for itself.
//!
//! A mail counts against its client when the first recipient is named, because every look-up costs something. It counts against
//! its mailboxes when it is complete: a client that only names recipients uses up no mail of others.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use ipnet::IpNet;
use mayfly_runtime::task::Tasks;
use mayfly_shared::limits::LocalBuckets;
use mayfly_types::{AccountId, client_network};

use crate::config::Config;

const MINUTE: Duration = Duration::from_secs(60);
/// What part of the mails for a mailbox one client can send, so that one alone does not keep away the mail of others.
const CLIENT_PART: u32 = 2;

/// The limits of a process.
#[derive(Debug, Clone)]
pub(crate) struct IntakeLimit {
    clients: Option<LocalBuckets<IpAddr>>,
    mailboxes: Option<MailboxLimit>,
    /// Clients in them are not limited.
    unlimited: Arc<[IpNet]>,
}

/// The mails of a mailbox, and those from one client.
#[derive(Debug, Clone)]
struct MailboxLimit {
    all: LocalBuckets<AccountId>,
    of_client: LocalBuckets<(AccountId, IpAddr)>,
}

/// A mail that is counted for its mailboxes. Dropped without [`CountedMail::keep`], it is not counted any more.
#[derive(Debug)]
pub(crate) struct CountedMail {
    limit: Option<MailboxLimit>,
    client: IpAddr,
    mailboxes: Vec<AccountId>,
}

impl IntakeLimit {
    pub(crate) fn start(config: &Config, tasks: &Tasks) -> Self {
        let clients = NonZeroU32::new(config.client_rate_limit);
        Self {
            clients: clients.map(|count| LocalBuckets::start("client limit pruning", count, MINUTE, tasks)),
            mailboxes: NonZeroU32::new(config.mailbox_rate_limit)
                .map(|count| MailboxLimit::start(count, tasks)),
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
        let client = client_network(client);
        self.clients
            .as_ref()
            .is_none_or(|clients| clients.take(client).is_ok())
    }

    /// Returns whether a mailbox can receive another mail of a client, without counting it.
    pub(crate) fn has_room(&self, mailbox: AccountId, client: IpAddr) -> bool {
        let of_client = (mailbox, client_network(client));
        self.mailboxes.as_ref().is_none_or(|limit| {
            limit.of_client.check(&of_client).is_ok() && limit.all.check(&mailbox).is_ok()
        })
    }

    /// Counts a mail of a client for all its mailboxes, or returns `None` if one of them has received enough.
    pub(crate) fn count(&self, mailboxes: &[AccountId], client: IpAddr) -> Option<CountedMail> {
        let mut counted = CountedMail {
            limit: self.mailboxes.clone(),
            client: client_network(client),
            mailboxes: Vec::with_capacity(mailboxes.len()),
        };
        for mailbox in mailboxes {
            if !counted.add(*mailbox) {
                return None;
            }
        }
        Some(counted)
    }
}

impl MailboxLimit {
    fn start(count: NonZeroU32, tasks: &Tasks) -> Self {
        let of_client = NonZeroU32::new(count.get().div_ceil(CLIENT_PART)).unwrap_or(count);
        Self {
            all: LocalBuckets::start("mailbox limit pruning", count, MINUTE, tasks),
            of_client: LocalBuckets::start("client of mailbox limit pruning", of_client, MINUTE, tasks),
        }
    }
}

impl CountedMail {
    fn add(&mut self, mailbox: AccountId) -> bool {
        let Some(limit) = &self.limit else {
            return true;
        };
        let of_client = (mailbox, self.client);
        if limit.of_client.take(of_client).is_err() {
            return false;
        }
        if limit.all.take(mailbox).is_err() {
            limit.of_client.give_back(&of_client);
            return false;
        }
        self.mailboxes.push(mailbox);
        true
    }

    /// Keeps the count of a mail that was stored.
    pub(crate) fn keep(mut self) {
        self.mailboxes.clear();
    }
}

impl Drop for CountedMail {
    fn drop(&mut self) {
        let Some(limit) = &self.limit else {
            return;
        };
        for mailbox in &self.mailboxes {
            limit.of_client.give_back(&(*mailbox, self.client));
            limit.all.give_back(mailbox);
        }
    }
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

    fn mailboxes() -> [AccountId; 2] {
        [1, 2].map(|n| AccountId::from_uuid(uuid::Uuid::from_u128(n)))
    }

    /// One client sends as fast as it can: the mailbox still takes the mail of another.
    #[tokio::test]
    async fn count_mail_leaves_half_to_other_clients() {
        let limit = limit(0, 20);
        let [ann, bob] = mailboxes();
        let taken = |mailbox, last: u8| {
            let client = [192, 0, 2, last].into();
            let counted = (0..100).filter_map(|_| limit.count(&[mailbox], client));
            counted.map(CountedMail::keep).count()
        };
        assert_eq!(taken(ann, 1), 10);
        assert_eq!(taken(ann, 2), 10);
        assert_eq!(taken(ann, 3), 0);
        assert_eq!(taken(bob, 1), 10);
    }

    /// What is not stored is not counted, for any of its mailboxes, nor is a mail that one of them cannot take.
    #[tokio::test]
    async fn count_mail_that_is_not_kept_leaves_the_room() {
        let limit = limit(0, 2);
        let [ann, bob] = mailboxes();
        let client = [192, 0, 2, 1].into();
        for _ in 0..100 {
            assert!(limit.has_room(ann, client));
            drop(limit.count(&[ann, bob], client).unwrap());
        }
        limit.count(&[bob], client).unwrap().keep();
        assert!(!limit.has_room(bob, client) && limit.has_room(ann, client));
        assert!(limit.count(&[ann, bob], client).is_none());
        limit.count(&[ann], client).unwrap().keep();
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
