//! Limits on password guessing. A client that is known for an account, because it created it or has signed in to it, has a
//! bucket of its own, so that guesses of others cannot lock the owner out. Every other client has a small bucket for each
//! account, and all of them share a wide bucket of the account, which delays attempts before it refuses any: the owner can
//! sign in from a new place while others guess. Each gateway counts for itself; gateways that share a Redis count together
//! too. There, known clients are remembered over restarts; a gateway without Redis forgets them when it stops.
//!
//! An attempt takes a token before the password is hashed, so that concurrent guesses cannot pass together, and a success
//! returns it. `governor`, which the request limit uses, cannot return one.

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
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use self::buckets::{Buckets, MINUTE};

/// How many times the limit of a client for one account its limit for all accounts is.
const CLIENT_FACTOR: u32 = 10;
/// How many times the limit of a client for one account the limit of all unknown clients for it is.
const ACCOUNT_FACTOR: u32 = 10;
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
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(account, client) => write!(f, "known:{client}:{account}"),
            Self::Unknown(account, client) => write!(f, "unknown:{client}:{account}"),
            Self::Client(client) => write!(f, "sign-in:{client}"),
            Self::Account(account) => write!(f, "account:{account}"),
        }
    }
}

/// A bucket from which an attempt takes a token.
#[derive(Debug, Clone, Copy)]
struct Limit {
    key: Key,
    per_minute: u32,
    max_delay: Duration,
}

/// The limits.
#[derive(Debug)]
pub(crate) struct SignInLimit {
    per_minute: u32,
    redis: Option<Redis>,
    buckets: Mutex<Buckets>,
}

/// A sign-in in progress. Dropped without [`Attempt::succeeded`], it counts as a failure.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    limit: &'a SignInLimit,
    account: AccountHash,
    client: IpAddr,
    taken: Vec<Limit>,
    shared: Vec<SharedBucket>,
    /// How long the attempt has to wait for its tokens.
    delay: Duration,
}

impl SignInLimit {
    pub(crate) fn new(per_minute: u32, redis: Option<Redis>) -> Self {
        Self {
            per_minute,
            redis: redis.filter(|_| per_minute > 0),
            buckets: Mutex::default(),
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
        if let Some(redis) = &self.redis
            && !self.buckets.lock().is_known(account, client)
        {
            // Before the buckets of this process, which may have been started after the client became known.
            let is_known: Result<bool, RedisError> =
                redis.run(&Cmd::exists(known_name(account, client))).await;
            if is_known.unwrap_or(false) {
                self.buckets.lock().remember(account, client, self.per_minute);
            }
        }
        let mut attempt = self.begin_local(account, client)?;
        if let Some(redis) = &self.redis {
            attempt.take_shared(redis).await?;
        }
        Ok(attempt)
    }

    /// Begins a sign-in by the buckets of this process.
    fn begin_local(&self, account: AccountHash, client: IpAddr) -> Result<Attempt<'_>, Failure> {
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
        let mut buckets = self.buckets.lock();
        let is_known = buckets.is_known(account, client);
        for limit in self.limits(is_known, account, client) {
            match buckets.take(&limit) {
                Ok(delay) => attempt.delay = attempt.delay.max(delay),
                Err(wait) => {
                    for limit in &attempt.taken {
                        buckets.give_back(&limit.key);
                    }
                    return Err(Failure::rate_limited(wait));
                }
            }
            attempt.taken.push(limit);
        }
        Ok(attempt)
    }

    /// Returns the buckets of an attempt. Guesses at one account by a known client are few, so no other bucket counts them:
    /// the client is not locked out by others behind the same address.
    fn limits(&self, is_known: bool, account: AccountHash, client: IpAddr) -> Vec<Limit> {
        let limit = |key, factor: u32, max_delay| Limit {
            key,
            per_minute: self.per_minute.saturating_mul(factor),
            max_delay,
        };
        if is_known {
            return vec![limit(Key::Known(account, client), 1, Duration::ZERO)];
        }
        vec![
            limit(Key::Unknown(account, client), 1, Duration::ZERO),
            limit(Key::Client(client), CLIENT_FACTOR, Duration::ZERO),
            // Last, so that a client beyond its own limits takes nothing from the others.
            limit(Key::Account(account), ACCOUNT_FACTOR, MAX_DELAY),
        ]
    }

    /// Remembers that a client is known for an account, which it has just created.
    pub(crate) async fn know(&self, account: &str, client: IpAddr) {
        if self.per_minute > 0 {
            self.remember(AccountHash::of(account), client).await;
        }
    }

    async fn remember(&self, account: AccountHash, client: IpAddr) {
        self.buckets.lock().remember(account, client, self.per_minute);
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

impl Attempt<'_> {
    /// Takes tokens of all gateways.
    async fn take_shared(&mut self, redis: &Redis) -> Result<(), Failure> {
        for limit in &self.taken {
            let bucket = SharedBucket::new(&limit.key.to_string(), limit.per_minute, MINUTE);
            match bucket.reserve(redis, limit.max_delay).await {
                Ok(delay) => self.delay = self.delay.max(delay),
                Err(wait) => {
                    self.refund().await;
                    return Err(Failure::rate_limited(wait));
                }
            }
            self.shared.push(bucket);
        }
        Ok(())
    }

    /// Ends a sign-in with the right password: it returns the tokens, and the client is known from now on.
    pub(crate) async fn succeeded(self) {
        if self.taken.is_empty() {
            return;
        }
        self.refund().await;
        self.limit.remember(self.account, self.client).await;
    }

    async fn refund(&self) {
        {
            let mut buckets = self.limit.buckets.lock();
            for limit in &self.taken {
                buckets.give_back(&limit.key);
            }
        }
        if let Some(redis) = &self.limit.redis {
            for bucket in &self.shared {
                bucket.give_back(redis).await;
            }
        }
    }
}
