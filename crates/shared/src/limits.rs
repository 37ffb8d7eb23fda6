//! Rate limits: of one process in its memory, and over all gateways in Redis. Without Redis only those of each process apply.

mod local;

use std::{sync::LazyLock, time::Duration};

use crate::redis::{
    Redis,
    redis::{RedisError, Script},
};

pub use local::{LocalBuckets, MAX_KEYS};

/// The generic cell rate algorithm (GCRA) by the clock of Redis. An entry is the theoretical arrival time. Returns 0 for a
/// request that passes, the microseconds to wait for one that does not, and their negative for one that passes after them.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local t = redis.call('TIME') \
         local now = t[1] * 1000000 + t[2] \
         local interval, window = tonumber(ARGV[1]), tonumber(ARGV[2]) \
         local paid = tonumber(redis.call('GET', KEYS[1]) or now) \
         if paid < now then paid = now end \
         local wait = math.ceil(paid + interval - window - now) \
         if wait > tonumber(ARGV[3]) then return wait end \
         redis.call('SET', KEYS[1], string.format('%.0f', paid + interval), 'PX', math.ceil((paid + interval - now) / 1000)) \
         return math.min(-wait, 0)",
    )
});

static GIVE_BACK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local paid = redis.call('GET', KEYS[1]) \
         if paid then redis.call('SET', KEYS[1], string.format('%.0f', paid - ARGV[1]), 'KEEPTTL') end",
    )
});

/// A token bucket with a name.
#[derive(Debug, Clone)]
pub struct SharedBucket {
    name: String,
    interval_us: u64,
    window_us: u64,
}

impl SharedBucket {
    /// Allows `count` in any `window`.
    pub fn new(name: &str, count: u32, window: Duration) -> Self {
        let window_us = u64::try_from(window.as_micros()).unwrap_or(u64::MAX);
        Self {
            name: format!("mayfly:rate:{name}"),
            interval_us: window_us / u64::from(count.max(1)),
            window_us,
        }
    }

    /// Takes a token, or returns the time until the next one.
    pub async fn take(&self, redis: &Redis) -> Result<(), Duration> {
        self.take_many(redis, 1).await
    }

    /// Takes some tokens, or none and returns the time until there are as many.
    pub async fn take_many(&self, redis: &Redis, count: u32) -> Result<(), Duration> {
        self.reserve_many(redis, Duration::ZERO, count).await.map(drop)
    }

    /// Takes a token that is free within `max_delay` and returns how long to wait for it, or returns when to try again.
    pub async fn reserve(&self, redis: &Redis, max_delay: Duration) -> Result<Duration, Duration> {
        self.reserve_many(redis, max_delay, 1).await
    }

    async fn reserve_many(
        &self,
        redis: &Redis,
        max_delay: Duration,
        count: u32,
    ) -> Result<Duration, Duration> {
        let max_delay_us = u64::try_from(max_delay.as_micros()).unwrap_or(u64::MAX);
        let mut take = TAKE.key(&self.name);
        take.arg(self.interval_us * u64::from(count))
            .arg(self.window_us)
            .arg(max_delay_us);
        let wait_us: Result<i64, RedisError> = redis.run_script(&take).await;
        match wait_us {
            Ok(wait_us) if wait_us > 0 => Err(Duration::from_micros(wait_us.unsigned_abs())),
            Ok(delay_us) => Ok(Duration::from_micros(delay_us.unsigned_abs())),
            Err(_) => Ok(Duration::ZERO),
        }
    }

    /// Returns a token.
    pub async fn give_back(&self, redis: &Redis) {
        let mut give_back = GIVE_BACK.key(&self.name);
        give_back.arg(self.interval_us);
        let _: Result<(), RedisError> = redis.run_script(&give_back).await;
    }
}

#[cfg(test)]
mod tests {
    use crate::redis::RedisConfig;
    use mayfly_runtime::task::Tasks;
    use mayfly_testkit::RedisServer;
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test]
    async fn bucket_of_all_gateways_is_shared_and_refills() {
        let server = RedisServer::start();
        let tasks = Tasks::new(CancellationToken::new());
        let config: RedisConfig = toml::from_str(&format!("url = \"{}\"", server.url())).unwrap();
        let gateways = [(); 2].map(|()| Redis::start(&config, &tasks).unwrap().unwrap());
        for gateway in &gateways {
            while gateway.connected_for().is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        // So slow a refill that none comes while the test runs.
        let bucket = SharedBucket::new("a", 10, Duration::from_secs(36_000));
        for n in 0..10 {
            assert_eq!(bucket.take(&gateways[n % 2]).await, Ok(()), "{n}");
        }
        for gateway in &gateways {
            let wait = bucket.take(gateway).await.unwrap_err();
            assert!((3_500..=3_600).contains(&wait.as_secs()), "{wait:?}");
        }
        bucket.give_back(&gateways[0]).await;
        assert_eq!(bucket.take(&gateways[1]).await, Ok(()));
        assert!(bucket.take(&gateways[0]).await.is_err());
        let other = SharedBucket::new("b", 10, Duration::from_secs(36_000));
        assert_eq!(other.take_many(&gateways[0], 8).await, Ok(()));
        assert!(other.take_many(&gateways[1], 3).await.is_err());
        assert_eq!(other.take_many(&gateways[1], 2).await, Ok(()));
        let delay = SharedBucket::new("d", 1, Duration::from_secs(60));
        assert_eq!(
            delay.reserve(&gateways[0], Duration::from_secs(90)).await,
            Ok(Duration::ZERO)
        );
        let waits = delay
            .reserve(&gateways[1], Duration::from_secs(90))
            .await
            .unwrap();
        assert!((50..=60).contains(&waits.as_secs()), "{waits:?}");
        let refused = delay.reserve(&gateways[0], Duration::from_secs(90)).await;
        assert!((110..=120).contains(&refused.unwrap_err().as_secs()));
        let quick = SharedBucket::new("c", 1, Duration::from_millis(20));
        assert_eq!(quick.take(&gateways[0]).await, Ok(()));
        while let Err(wait) = quick.take(&gateways[1]).await {
            assert!(wait <= Duration::from_millis(20));
            tokio::time::sleep(wait).await;
        }
    }
}
