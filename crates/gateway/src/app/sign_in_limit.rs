//! Limits on password guessing. A client that is known for an account, because it created it or has signed in to it, has a
//! bucket of its own, so that guesses of others cannot lock the owner out. Every other client has a small bucket for each
//! account, and all of them share the buckets of the account, so that the guesses at it in an hour are bounded however many
//! clients guess.
//!
//! The buckets of an account are a wide one, and a reserve for networks that have hardly tried it within the hour. Guessers
//! empty the first one, and have then few attempts of the second: the owner can sign in from a new place while guesses come
//! from up to 200 networks. An attempt that finds neither waits for some seconds before it is refused.
//!
//! Each gateway counts for itself; gateways that share a Redis count together too. There, known clients are remembered over
//! restarts; a gateway without Redis forgets them when it stops.
//!
//! An attempt takes a token before the password is hashed, so that concurrent guesses cannot pass together, and a success
//! returns it.

mod buckets;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, time::Duration};

use mayfly_rpc::Failure;
use mayfly_shared::{
    limits::SharedBucket,
    redis::{
        Redis,
        redis::{Cmd, RedisError},
    },
};
use mayfly_types::wider_network;
use sha2::{Digest, Sha256};

use self::buckets::Buckets;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// How many times the limit of a client for one account its limit for all accounts is.
const CLIENT_FACTOR: u32 = 10;
/// How many times the limit of a client for one account the limit of all unknown clients for it is, without the reserve. The
/// reserve of an hour is as much as once more.
const ACCOUNT_FACTOR: u32 = 9;
/// How many attempts of a network at one account in an hour can use the reserve of the account.
const RESERVE_ATTEMPTS: u32 = 3;
/// The longest delay of an attempt by an unknown client. Attempts beyond it are refused, so few wait for one account.
const MAX_DELAY: Duration = Duration::from_secs(8);
/// How long Redis remembers that a client is known for an account.
const KNOWN_SECS: u64 = 30 * 86_400;
/// No address that exists is longer. Of a longer text only the beginning counts.
const MAX_ACCOUNT_BYTES: usize = 320;

/// What a caller wrote as the account, as a hash of fixed size: buckets and keys in Redis hold no text of callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct AccountHash([u8; 16]);

impl AccountHash {
    fn of(account: &str) -> Self {
        let account = account.trim().as_bytes();
        let account = &account[..account.len().min(MAX_ACCOUNT_BYTES)];
        let digest: [u8; 32] = Sha256::digest(account.to_ascii_lowercase()).into();
        let mut hash = [0; 16];
        hash.copy_from_slice(&digest[..16]);
        Self(hash)
    }
}

impl std::fmt::Display for AccountHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// What a bucket counts. The text is its name in Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// A client that is known for the account.
    Known(AccountHash, IpAddr),
    /// One client that is not known for the account.
    Unknown(AccountHash, IpAddr),
    /// A client, for all accounts that do not know it.
    Client(IpAddr),
    /// All clients that are not known for the account.
    Account(AccountHash),
    /// Attempts of a network that can use the reserve of the account.
    Network(AccountHash, IpAddr),
    /// The reserve of the account.
    Reserve(AccountHash),
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(account, client) => write!(f, "known:{client}:{account}"),
            Self::Unknown(account, client) => write!(f, "unknown:{client}:{account}"),
            Self::Client(client) => write!(f, "sign-in:{client}"),
            Self::Account(account) => write!(f, "account:{account}"),
            Self::Network(account, network) => write!(f, "network:{network}:{account}"),
            Self::Reserve(account) => write!(f, "reserve:{account}"),
        }
    }
}

/// A bucket from which an attempt takes a token.
#[derive(Debug, Clone, Copy)]
struct Limit {
    key: Key,
    count: u32,
    window: Duration,
    max_delay: Duration,
}

impl Limit {
    /// The time in which an empty bucket gets a token.
    fn interval(&self) -> Duration {
        self.window / self.count.max(1)
    }
}

/// The buckets of an attempt.
#[derive(Debug)]
struct AttemptLimits {
    /// Each of them, before those of the account: a client beyond its own limits takes nothing from others.
    of_client: Vec<Limit>,
    /// All of the first row that has a token in each.
    of_account: Vec<Vec<Limit>>,
}

/// Where the buckets are: in this process, or in Redis for all gateways.
trait Tokens {
    /// Takes a token, if need be one that is free within the limit's `max_delay`. Returns how long to wait for it, or when to
    /// try again.
    async fn take(&self, limit: &Limit) -> Result<Duration, Duration>;
    async fn give_back(&self, limit: &Limit);
}

impl Limit {
    fn shared(&self) -> SharedBucket {
        SharedBucket::new(&self.key.to_string(), self.count, self.window)
    }
}

impl Tokens for Redis {
    async fn take(&self, limit: &Limit) -> Result<Duration, Duration> {
        limit.shared().reserve(self, limit.max_delay).await
    }

    async fn give_back(&self, limit: &Limit) {
        limit.shared().give_back(self).await;
    }
}

/// The limits.
#[derive(Debug)]
pub(crate) struct SignInLimit {
    per_minute: u32,
    redis: Option<Redis>,
    buckets: Buckets,
}

/// A sign-in in progress. Dropped without [`Attempt::succeeded`], it counts as a failure.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    limit: &'a SignInLimit,
    account: AccountHash,
    client: IpAddr,
    taken: Vec<Limit>,
    shared: Vec<Limit>,
    /// How long the attempt has to wait for its tokens.
    delay: Duration,
}

impl SignInLimit {
    pub(crate) fn new(per_minute: u32, redis: Option<Redis>) -> Self {
        Self {
            per_minute,
            redis: redis.filter(|_| per_minute > 0),
            buckets: Buckets::default(),
        }
    }

    /// Begins a sign-in, before any password is hashed. An attempt by an unknown client can wait here for some seconds.
    ///
    /// # Errors
    /// `RateLimited` after too many failures.
    pub(crate) async fn begin(&self, account: &str, client: IpAddr) -> Result<Attempt<'_>, Failure> {
        let attempt = self.begin_at_once(account, client).await?;
        tokio::time::sleep(attempt.delay).await;
        Ok(attempt)
    }

    /// Begins a sign-in that its caller delays.
    async fn begin_at_once(&self, account: &str, client: IpAddr) -> Result<Attempt<'_>, Failure> {
        let account = AccountHash::of(account);
        let mut attempt = Attempt {
            limit: self,
            account,
            client,
            taken: Vec::new(),
            shared: Vec::new(),
            delay: Duration::ZERO,
        };
        if self.per_minute == 0 {
            return Ok(attempt);
        }
        let limits = self.limits(self.is_known(account, client).await, account, client);
        let refused = Failure::rate_limited;
        (attempt.taken, attempt.delay) = limits.take(&self.buckets).await.map_err(refused)?;
        if let Some(redis) = &self.redis {
            match limits.take(redis).await {
                Ok((shared, delay)) => {
                    attempt.shared = shared;
                    attempt.delay = attempt.delay.max(delay);
                }
                Err(wait) => {
                    attempt.refund().await;
                    return Err(Failure::rate_limited(wait));
                }
            }
        }
        Ok(attempt)
    }

    /// Returns whether a client is known for an account, to this process or, since it may have been started later, to Redis.
    async fn is_known(&self, account: AccountHash, client: IpAddr) -> bool {
        if self.buckets.is_known(account, client) {
            return true;
        }
        let Some(redis) = &self.redis else {
            return false;
        };
        let exists: Result<bool, RedisError> = redis.run(&Cmd::exists(known_name(account, client))).await;
        let is_known = exists.unwrap_or(false);
        if is_known {
            self.buckets.remember(account, client);
        }
        is_known
    }

    /// Returns the buckets of an attempt. Guesses at one account by a known client are few, so no other bucket counts them: the
    /// client is not locked out by others behind the same address.
    fn limits(&self, is_known: bool, account: AccountHash, client: IpAddr) -> AttemptLimits {
        let limit = |key, count, window| Limit {
            key,
            count,
            window,
            max_delay: Duration::ZERO,
        };
        let minute = |key, factor| limit(key, self.per_minute.saturating_mul(factor), MINUTE);
        if is_known {
            return AttemptLimits {
                of_client: vec![minute(Key::Known(account, client), 1)],
                of_account: vec![Vec::new()],
            };
        }
        let of_all = minute(Key::Account(account), ACCOUNT_FACTOR);
        let network = Key::Network(account, wider_network(client));
        let reserve = Key::Reserve(account);
        AttemptLimits {
            of_client: vec![
                minute(Key::Unknown(account, client), 1),
                minute(Key::Client(client), CLIENT_FACTOR),
            ],
            of_account: vec![
                vec![of_all],
                vec![
                    limit(network, RESERVE_ATTEMPTS, HOUR),
                    limit(reserve, self.per_minute.saturating_mul(60), HOUR),
                ],
                vec![Limit {
                    max_delay: MAX_DELAY,
                    ..of_all
                }],
            ],
        }
    }

    /// Remembers that a client is known for an account, which it has just created.
    pub(crate) async fn know(&self, account: &str, client: IpAddr) {
        if self.per_minute > 0 {
            self.remember(AccountHash::of(account), client).await;
        }
    }

    async fn remember(&self, account: AccountHash, client: IpAddr) {
        self.buckets.remember(account, client);
        if let Some(redis) = &self.redis {
            let know = Cmd::set_ex(known_name(account, client), 1, KNOWN_SECS);
            let _: Result<(), RedisError> = redis.run(&know).await;
        }
    }
}

/// The key in Redis of a client that is known for an account.
fn known_name(account: AccountHash, client: IpAddr) -> String {
    format!("mayfly:known:{client}:{account}")
}

impl AttemptLimits {
    /// Takes the tokens of an attempt. Returns their buckets and how long to wait for them, or when to try again.
    async fn take(&self, tokens: &impl Tokens) -> Result<(Vec<Limit>, Duration), Duration> {
        let mut delay = take_all(tokens, &self.of_client).await?;
        let mut retry_after = Duration::ZERO;
        for of_account in &self.of_account {
            match take_all(tokens, of_account).await {
                Ok(wait) => {
                    delay = delay.max(wait);
                    return Ok(([&self.of_client[..], of_account].concat(), delay));
                }
                Err(wait) => retry_after = wait,
            }
        }
        give_back_all(tokens, &self.of_client).await;
        Err(retry_after)
    }
}

async fn give_back_all(tokens: &impl Tokens, limits: &[Limit]) {
    for limit in limits {
        tokens.give_back(limit).await;
    }
}

/// Takes a token of each bucket, or none.
async fn take_all(tokens: &impl Tokens, limits: &[Limit]) -> Result<Duration, Duration> {
    let mut delay = Duration::ZERO;
    for (taken, limit) in limits.iter().enumerate() {
        match tokens.take(limit).await {
            Ok(wait) => delay = delay.max(wait),
            Err(wait) => {
                give_back_all(tokens, &limits[..taken]).await;
                return Err(wait);
            }
        }
    }
    Ok(delay)
}

impl Attempt<'_> {
    /// Ends a sign-in with the right password: it returns the tokens, and the client is known from now on.
    pub(crate) async fn succeeded(self) {
        if self.taken.is_empty() {
            return;
        }
        self.refund().await;
        self.limit.remember(self.account, self.client).await;
    }

    async fn refund(&self) {
        give_back_all(&self.limit.buckets, &self.taken).await;
        if let Some(redis) = &self.limit.redis {
            give_back_all(redis, &self.shared).await;
        }
    }
}
