//! Limits on failed logins of a minute. Counted in this process; of several `smtp` processes each counts for itself.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use mayfly_runtime::task::Tasks;
use mayfly_shared::limits::LocalBuckets;
use mayfly_types::client_network;

use crate::config::Config;

const MINUTE: Duration = Duration::from_secs(60);
/// How many times as many failures a client may have as one of its user names.
const CLIENT_FACTOR: u32 = 10;

/// The failed logins of the last minute, by client and user name. Passwords are random, so a limit for a user name of all clients
/// would stop no guesser, and would let one lock the owner out.
#[derive(Debug, Clone)]
pub(crate) struct LoginLimit {
    failures: Option<Failures>,
    unlimited: Arc<[IpNet]>,
}

#[derive(Debug, Clone)]
struct Failures {
    of_client: LocalBuckets<IpAddr>,
    /// With the hash of a user name, which can be long.
    of_login: LocalBuckets<(IpAddr, u64)>,
}

impl LoginLimit {
    pub(crate) fn start(config: &Config, tasks: &Tasks) -> Self {
        let limit = config.login_limit;
        let of_client = NonZeroU32::new(limit.saturating_mul(CLIENT_FACTOR));
        let failures = NonZeroU32::new(limit)
            .zip(of_client)
            .map(|(of_login, of_client)| Failures {
                of_client: LocalBuckets::start("failed client pruning", of_client, MINUTE, tasks),
                of_login: LocalBuckets::start("failed login pruning", of_login, MINUTE, tasks),
            });
        Self {
            failures,
            unlimited: config.unlimited_networks.0.as_slice().into(),
        }
    }

    /// Returns whether a client may try to log in with a user name.
    pub(crate) fn allows(&self, client: IpAddr, username: &str) -> bool {
        self.failures_of(client).is_none_or(|failures| {
            let (client, login) = keys(client, username);
            failures.of_login.check(&login).is_ok() && failures.of_client.check(&client).is_ok()
        })
    }

    /// Counts a failed login.
    pub(crate) fn record_failure(&self, client: IpAddr, username: &str) {
        if let Some(failures) = self.failures_of(client) {
            let (client, login) = keys(client, username);
            // Logins that began together can fail together: a bucket that is empty stays empty.
            let _ = failures.of_login.take(login);
            let _ = failures.of_client.take(client);
        }
    }

    /// Returns the counts of a client that is limited.
    fn failures_of(&self, client: IpAddr) -> Option<&Failures> {
        let is_unlimited = self.unlimited.iter().any(|network| network.contains(&client));
        self.failures.as_ref().filter(|_| !is_unlimited)
    }
}

fn keys(client: IpAddr, username: &str) -> (IpAddr, (IpAddr, u64)) {
    let client = client_network(client);
    let mut hasher = DefaultHasher::new();
    username.hash(&mut hasher);
    (client, (client, hasher.finish()))
}

#[cfg(test)]
mod tests {
    use mayfly_runtime::config::List;
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn limit() -> LoginLimit {
        let config = Config {
            unlimited_networks: List(vec!["10.0.0.0/8".parse().unwrap()]),
            ..Config::default()
        };
        LoginLimit::start(&config, &Tasks::new(CancellationToken::new()))
    }

    #[tokio::test]
    async fn failures_of_one_user_name_leave_others_of_the_client() {
        let (limit, client) = (limit(), [192, 0, 2, 1].into());
        for _ in 0..10 {
            assert!(limit.allows(client, "sb_guessed2"));
            limit.record_failure(client, "sb_guessed2");
        }
        assert!(!limit.allows(client, "sb_guessed2"));
        assert!(limit.allows(client, "sb_another2"));
        assert!(
            limit.allows([192, 0, 2, 2].into(), "sb_guessed2"),
            "another client"
        );
        for n in 0..90 {
            limit.record_failure(client, &format!("guess{n}"));
        }
        assert!(
            !limit.allows(client, "sb_another2"),
            "a client that guesses names"
        );
    }

    #[tokio::test]
    async fn failures_in_unlimited_networks_are_not_counted() {
        let (limit, client) = (limit(), [10, 1, 2, 3].into());
        for _ in 0..1000 {
            limit.record_failure(client, "any");
        }
        assert!(limit.allows(client, "any"));
    }
}
