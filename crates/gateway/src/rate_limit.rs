//! Requests a second for each client address: over all gateways where they share a Redis, and in this process anyhow.

use std::{
    num::NonZeroU32,
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use ipnet::IpNet;
use mayfly_runtime::{
    redis::{
        Redis,
        redis::{RedisError, Script},
    },
    task::Tasks,
};

use crate::{
    client_address::{ClientAddress, client_address},
    config::Config,
    error::ApiError,
};

/// How often addresses that have long been quiet are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(10);

/// The limit, and whose word about a client's address counts.
#[derive(Clone)]
pub(crate) struct RateLimit {
    limiter: Option<Arc<DefaultKeyedRateLimiter<ClientAddress>>>,
    shared: Option<SharedLimit>,
    trusted_proxies: Arc<[IpNet]>,
}

impl RateLimit {
    pub(crate) fn new(config: &Config, redis: Option<Redis>, tasks: &Tasks) -> Self {
        let limiter = NonZeroU32::new(config.rate_limit).map(|rate| {
            let quota = Quota::per_second(rate).allow_burst(rate.saturating_add(rate.get()));
            Arc::new(RateLimiter::dashmap(quota))
        });
        if let Some(limiter) = limiter.clone() {
            let stopping = tasks.stopping();
            tasks.spawn(async move {
                while stopping
                    .run_until_cancelled(tokio::time::sleep(FORGET_EVERY))
                    .await
                    .is_some()
                {
                    limiter.retain_recent();
                    limiter.shrink_to_fit();
                }
            });
        }
        let rate = NonZeroU32::new(config.rate_limit);
        Self {
            limiter,
            shared: redis.zip(rate).map(|(redis, rate)| SharedLimit { redis, rate }),
            trusted_proxies: config.trusted_proxies.0.as_slice().into(),
        }
    }
}

/// The generic cell rate algorithm by Redis' clock: an entry is the time at which all that was let through is paid for.
/// Returns the microseconds to wait, 0 for a request that may pass.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local t = redis.call('TIME') \
         local now = t[1] * 1000000 + t[2] \
         local interval, window = tonumber(ARGV[1]), tonumber(ARGV[2]) \
         local paid = tonumber(redis.call('GET', KEYS[1]) or now) \
         if paid < now then paid = now end \
         local wait = paid + interval - window - now \
         if wait > 0 then return wait end \
         redis.call('SET', KEYS[1], string.format('%.0f', paid + interval), 'PX', math.ceil((paid + interval - now) / 1000)) \
         return 0",
    )
});

/// The limit over all gateways.
#[derive(Clone)]
struct SharedLimit {
    redis: Redis,
    rate: NonZeroU32,
}

impl SharedLimit {
    /// Lets a request through, or says when the next may pass. Without Redis each gateway's own limit is all there is.
    async fn check(&self, client: ClientAddress) -> Result<(), Duration> {
        let interval_us = 1_000_000 / self.rate;
        let window_us = u64::from(interval_us) * 2 * u64::from(self.rate.get());
        let mut take = TAKE.key(format!("mayfly:rate:{}", client.0));
        take.arg(interval_us).arg(window_us);
        let wait_us: Result<u64, RedisError> = self.redis.run_script(&take).await;
        match wait_us {
            Ok(0) | Err(_) => Ok(()),
            Ok(wait_us) => Err(Duration::from_micros(wait_us)),
        }
    }
}

/// Notes the client's address on the request, and refuses it when there were too many.
pub(crate) async fn limit(State(limit): State<RateLimit>, mut request: Request, next: Next) -> Response {
    let client = client_address(&request, &limit.trusted_proxies);
    request.extensions_mut().insert(client);
    if let Some(limiter) = &limit.limiter
        && let Err(denied) = limiter.check_key(&client)
    {
        return ApiError::rate_limited(denied.wait_time_from(limiter.clock().now())).into_response();
    }
    if let Some(shared) = &limit.shared
        && let Err(wait) = shared.check(client).await
    {
        return ApiError::rate_limited(wait).into_response();
    }
    next.run(request).await
}
