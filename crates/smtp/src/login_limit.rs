//! Limits on failed logins of a minute. Counted in this process; of several `smtp` processes each counts for itself.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use ipnet::IpNet;
use mayfly_types::client_network;
use parking_lot::Mutex;

use crate::config::Config;

/// Failures are counted for this long.
const WINDOW: Duration = Duration::from_secs(60);
/// How many clients, and user names of clients, are counted. Further ones are not limited until the next minute.
const MAX_ENTRIES: usize = 100_000;
/// How many times as many failures a client may have as one of its user names.
const CLIENT_FACTOR: u32 = 10;

/// The failed logins of the last minute, by client and user name. Passwords are random, so a limit for a user name of all clients
/// would stop no guesser, and would let one lock the owner out.
#[derive(Debug, Clone)]
pub(crate) struct LoginLimit {
    /// 0 is no limit.
    limit: u32,
    unlimited: Arc<[IpNet]>,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug)]
struct Counts {
    since: Instant,
    failures: HashMap<Key, u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Client(IpAddr),
    /// With the hash of a user name, which can be long.
    Login(IpAddr, u64),
}

impl LoginLimit {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            limit: config.login_limit,
            unlimited: config.unlimited_networks.0.as_slice().into(),
            counts: Arc::new(Mutex::new(Counts {
                since: Instant::now(),
                failures: HashMap::new(),
            })),
        }
    }

    /// Returns whether a client may try to log in with a user name.
    pub(crate) fn allows(&self, client: IpAddr, username: &str) -> bool {
        if !self.applies_to(client) {
            return true;
        }
        let mut counts = self.counts.lock();
        counts.begin_window();
        let [login, client] =
            keys(client, username).map(|key| counts.failures.get(&key).copied().unwrap_or(0));
        login < self.limit && client < self.limit.saturating_mul(CLIENT_FACTOR)
    }

    /// Counts a failed login.
    pub(crate) fn record_failure(&self, client: IpAddr, username: &str) {
        if !self.applies_to(client) {
            return;
        }
        let mut counts = self.counts.lock();
        counts.begin_window();
        for key in keys(client, username) {
            if counts.failures.len() < MAX_ENTRIES || counts.failures.contains_key(&key) {
                *counts.failures.entry(key).or_default() += 1;
            }
        }
    }

    fn applies_to(&self, client: IpAddr) -> bool {
        self.limit > 0 && !self.unlimited.iter().any(|network| network.contains(&client))
    }
}

impl Counts {
    fn begin_window(&mut self) {
        if self.since.elapsed() >= WINDOW {
            self.since = Instant::now();
            self.failures = HashMap::new();
        }
    }
}

fn keys(client: IpAddr, username: &str) -> [Key; 2] {
    let client = client_network(client);
    let mut hasher = DefaultHasher::new();
    username.hash(&mut hasher);
    [Key::Login(client, hasher.finish()), Key::Client(client)]
}

#[cfg(test)]
mod tests {
    use mayfly_runtime::config::List;

    use super::*;

    fn limit() -> LoginLimit {
        LoginLimit::new(&Config {
            unlimited_networks: List(vec!["10.0.0.0/8".parse().unwrap()]),
            ..Config::default()
        })
    }

    #[test]
    fn failures_of_one_user_name_leave_others_of_the_client() {
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

    #[test]
    fn failures_in_unlimited_networks_are_not_counted() {
        let (limit, client) = (limit(), [10, 1, 2, 3].into());
        for _ in 0..1000 {
            limit.record_failure(client, "any");
        }
        assert!(limit.allows(client, "any"));
        assert!(limit.counts.lock().failures.is_empty());
    }

    #[test]
    fn counts_are_bounded() {
        let limit = limit();
        for n in 0..u32::try_from(MAX_ENTRIES).unwrap() {
            limit.record_failure(IpAddr::from((0xc000_0000 + n).to_be_bytes()), "any");
        }
        assert_eq!(limit.counts.lock().failures.len(), MAX_ENTRIES);
    }
}
