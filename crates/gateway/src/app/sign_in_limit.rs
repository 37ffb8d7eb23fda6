//! Limits on password guessing: token buckets of failures for each account and for each client address. A client that has
//! signed in to the account before has a separate bucket, so password guessing by others cannot lock the owner out. Each
//! gateway counts for itself; gateways that share a Redis count together too.
//!
//! An attempt takes a token before the password is hashed, so that concurrent guesses cannot pass together, and a success
//! returns it. `governor`, which the request limit uses, cannot return one.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

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

/// How many buckets are kept; the oldest are evicted first.
const MAX_ENTRIES: usize = 100_000;
/// How many times the limit of an account the limit of a client address is.
const CLIENT_FACTOR: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);
/// How long Redis remembers that a client has signed in to an account.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Account(AccountHash),
    Client(IpAddr),
    Known(AccountHash, IpAddr),
}

/// A token bucket.
#[derive(Debug)]
struct Bucket {
    tries: f64,
    updated: Instant,
}

/// The limits.
#[derive(Debug)]
pub(crate) struct SignInLimit {
    per_minute: u32,
    redis: Option<Redis>,
    buckets: Mutex<HashMap<Key, Bucket>>,
}

/// A sign-in in progress. Dropped without [`Attempt::succeeded`], it counts as a failure.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    limit: &'a SignInLimit,
    account: AccountHash,
    client: IpAddr,
    taken: Vec<Key>,
    shared: Vec<SharedBucket>,
}

impl SignInLimit {
    pub(crate) fn new(per_minute: u32, redis: Option<Redis>) -> Self {
        Self {
            per_minute,
            redis,
            buckets: Mutex::default(),
        }
    }

    /// Begins a sign-in, before any password is hashed.
    pub(crate) async fn begin(&self, account: &str, client: IpAddr) -> Result<Attempt<'_>, Failure> {
        let mut attempt = self.begin_local(account, client)?;
        let Some(redis) = self.redis.as_ref().filter(|_| self.per_minute > 0) else {
            return Ok(attempt);
        };
        let is_known: Result<bool, RedisError> = redis.run(&Cmd::exists(attempt.known_name())).await;
        let account = if is_known.unwrap_or(false) {
            SharedBucket::new(&attempt.known_name(), self.per_minute, MINUTE)
        } else {
            SharedBucket::new(&format!("account:{}", attempt.account), self.per_minute, MINUTE)
        };
        let client = SharedBucket::new(
            &format!("sign-in:{client}"),
            self.per_minute * CLIENT_FACTOR,
            MINUTE,
        );
        for bucket in [account, client] {
            if let Err(wait) = bucket.take(redis).await {
                attempt.refund().await;
                return Err(Failure::rate_limited(wait));
            }
            attempt.shared.push(bucket);
        }
        Ok(attempt)
    }

    /// Begins a sign-in by the buckets of this process.
    fn begin_local(&self, account: &str, client: IpAddr) -> Result<Attempt<'_>, Failure> {
        let account = AccountHash::of(account);
        let mut taken = Vec::new();
        if self.per_minute > 0 {
            let mut buckets = self.buckets.lock();
            // Before anything is added, so that a refused attempt makes room too.
            evict(&mut buckets);
            let now = Instant::now();
            let known = Key::Known(account, client);
            let first = if buckets.contains_key(&known) {
                known
            } else {
                Key::Account(account)
            };
            for (key, per_minute) in [
                (first, self.per_minute),
                (Key::Client(client), self.per_minute * CLIENT_FACTOR),
            ] {
                if let Err(wait) = take(&mut buckets, &key, per_minute, now) {
                    for key in &taken {
                        give_back(&mut buckets, key);
                    }
                    return Err(Failure::rate_limited(wait));
                }
                taken.push(key);
            }
        }
        Ok(Attempt {
            limit: self,
            account,
            client,
            taken,
            shared: Vec::new(),
        })
    }
}

impl Attempt<'_> {
    /// Ends a sign-in with the right password: it returns the tokens, and the client is known from now on.
    pub(crate) async fn succeeded(self) {
        if self.taken.is_empty() {
            return;
        }
        self.refund().await;
        if let Some(redis) = &self.limit.redis {
            let know = Cmd::set_ex(self.known_name(), 1, KNOWN_SECS);
            let _: Result<(), RedisError> = redis.run(&know).await;
        }
        let mut buckets = self.limit.buckets.lock();
        evict(&mut buckets);
        let tries = f64::from(self.limit.per_minute);
        buckets
            .entry(Key::Known(self.account, self.client))
            .or_insert(Bucket {
                tries,
                updated: Instant::now(),
            });
    }

    async fn refund(&self) {
        if let Some(redis) = &self.limit.redis {
            for bucket in &self.shared {
                bucket.give_back(redis).await;
            }
        }
        let mut buckets = self.limit.buckets.lock();
        for key in &self.taken {
            give_back(&mut buckets, key);
        }
    }

    /// The key in Redis of a client that has signed in to the account.
    fn known_name(&self) -> String {
        format!("mayfly:known:{}:{}", self.client, self.account)
    }
}

fn take(
    buckets: &mut HashMap<Key, Bucket>,
    key: &Key,
    per_minute: u32,
    now: Instant,
) -> Result<(), Duration> {
    let capacity = f64::from(per_minute);
    let bucket = buckets.entry(*key).or_insert(Bucket {
        tries: capacity,
        updated: now,
    });
    let refill = now.duration_since(bucket.updated).as_secs_f64() / MINUTE.as_secs_f64() * capacity;
    bucket.tries = (bucket.tries + refill).min(capacity);
    bucket.updated = now;
    if bucket.tries < 1.0 {
        return Err(Duration::from_secs_f64(
            (1.0 - bucket.tries) / capacity * MINUTE.as_secs_f64(),
        ));
    }
    bucket.tries -= 1.0;
    Ok(())
}

fn give_back(buckets: &mut HashMap<Key, Bucket>, key: &Key) {
    if let Some(bucket) = buckets.get_mut(key) {
        bucket.tries += 1.0;
    }
}

/// Evicts the older half when there are too many; buckets of known clients last.
fn evict(buckets: &mut HashMap<Key, Bucket>) {
    if buckets.len() < MAX_ENTRIES {
        return;
    }
    let now = Instant::now();
    buckets
        .retain(|key, bucket| matches!(key, Key::Known(..)) || now.duration_since(bucket.updated) < MINUTE);
    if buckets.len() >= MAX_ENTRIES {
        let mut times: Vec<Instant> = buckets.values().map(|bucket| bucket.updated).collect();
        let (_, median, _) = times.select_nth_unstable(MAX_ENTRIES / 2);
        let median = *median;
        buckets.retain(|_, bucket| bucket.updated > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[tokio::test]
    async fn begin_after_guesses_by_others_admits_the_owner() {
        let limit = SignInLimit::new(10, None);
        limit
            .begin_local("owner@a.test", client(1))
            .unwrap()
            .succeeded()
            .await;
        let refused = (0..250_u8)
            .filter(|n| limit.begin_local("owner@a.test", client(n % 200 + 2)).is_err())
            .count();
        assert!(refused >= 238, "{refused}");
        for _ in 0..50 {
            limit
                .begin_local(" OWNER@a.test", client(1))
                .unwrap()
                .succeeded()
                .await;
        }
    }

    #[tokio::test]
    async fn begin_for_many_accounts_limits_the_client() {
        let limit = SignInLimit::new(10, None);
        let refused = (0..300)
            .filter(|n| limit.begin_local(&format!("{n}@a.test"), client(1)).is_err())
            .count();
        assert!(refused >= 199, "{refused}");
        assert!(limit.begin_local("0@a.test", client(2)).is_ok());
    }

    #[tokio::test]
    async fn begin_after_successes_or_with_zero_limit_admits() {
        let limit = SignInLimit::new(2, None);
        for _ in 0..100 {
            limit
                .begin_local("a@a.test", client(1))
                .unwrap()
                .succeeded()
                .await;
        }
        let limit = SignInLimit::new(0, None);
        assert!((0..1000).all(|_| limit.begin_local("a@a.test", client(1)).is_ok()));
    }

    /// Refused attempts with long texts, as one client sends them in a minute.
    #[tokio::test]
    async fn begin_with_long_account_keeps_keys_of_fixed_size() {
        let limit = SignInLimit::new(10, None);
        let mut refused = 0;
        for n in 0..400 {
            let account = format!("{n}{}", "x".repeat(1 << 20));
            refused += u32::from(limit.begin_local(&account, client(1)).is_err());
        }
        assert!(refused >= 299, "{refused}");
        let key_bytes = size_of::<Key>();
        assert!(key_bytes <= 40, "a key has {key_bytes} bytes, on the heap none");
        let long = "a".repeat(MAX_ACCOUNT_BYTES);
        assert_eq!(
            AccountHash::of(&format!("{long}b")),
            AccountHash::of(&format!("{long}c"))
        );
        assert_eq!(AccountHash::of(" A@a.test "), AccountHash::of("a@A.test"));
        assert_ne!(AccountHash::of("a@a.test"), AccountHash::of("b@a.test"));
    }

    #[tokio::test]
    async fn begin_for_many_clients_keeps_bounded_buckets() {
        let limit = SignInLimit::new(1, None);
        for n in 0..(MAX_ENTRIES + 10) {
            let address = std::net::Ipv4Addr::from(u32::try_from(n).unwrap() + 0x0100_0000);
            let _ = limit.begin_local(&format!("{n}@a.test"), address.into());
        }
        assert!(limit.buckets.lock().len() <= MAX_ENTRIES + 2);
    }

    #[tokio::test]
    async fn begin_over_redis_counts_all_gateways_together() {
        let server = mayfly_testkit::RedisServer::start();
        let tasks = mayfly_runtime::task::Tasks::new(tokio_util::sync::CancellationToken::new());
        let config: mayfly_shared::redis::RedisConfig =
            toml::from_str(&format!("url = \"{}\"", server.url())).unwrap();
        let limits = [(); 2].map(|()| {
            let redis = Redis::start(&config, &tasks).unwrap().unwrap();
            SignInLimit::new(10, Some(redis))
        });
        for limit in &limits {
            while limit.redis.as_ref().unwrap().connected_for().is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let owner = limits[0].begin("owner@a.test", client(1)).await.unwrap();
        owner.succeeded().await;
        let mut refused = 0;
        for n in 0..20_u8 {
            let limit = &limits[usize::from(n % 2)];
            refused += u8::from(limit.begin("owner@a.test", client(n + 2)).await.is_err());
        }
        assert!(refused >= 9, "each alone would let all pass: {refused}");
        for limit in &limits {
            let owner = limit.begin("owner@a.test", client(1)).await.unwrap();
            owner.succeeded().await;
        }
    }
}
