//! The rate limit for each client address: in this process, and over all gateways that share a Redis.

use std::{convert::Infallible, future::ready, num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use ipnet::IpNet;
use mayfly_runtime::task::Tasks;
use mayfly_shared::{limits::SharedBucket, redis::Redis};

use mayfly_rpc::Failure;

use crate::{
    config::Config,
    edge::client_address::{ClientAddress, client_address},
    edge::failure::FailureResponse,
};

/// How often idle addresses are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(10);

/// The limit, and the proxies that can name a client's address.
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
            tasks.every("rate limit pruning", PRUNE_EVERY, PRUNE_EVERY, move || {
                limiter.retain_recent();
                limiter.shrink_to_fit();
                ready(Ok::<(), Infallible>(()))
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

/// The limit over all gateways.
#[derive(Clone)]
struct SharedLimit {
    redis: Redis,
    rate: NonZeroU32,
}

impl SharedLimit {
    async fn check(&self, client: ClientAddress) -> Result<(), Duration> {
        let burst = self.rate.get() * 2;
        let bucket = SharedBucket::new(&client.0.to_string(), burst, Duration::from_secs(2));
        bucket.take(&self.redis).await
    }
}

/// Adds the client's address to the request, and rejects it above the limit.
pub(crate) async fn limit(State(limit): State<RateLimit>, mut request: Request, next: Next) -> Response {
    let client = client_address(&request, &limit.trusted_proxies);
    request.extensions_mut().insert(client);
    if let Some(limiter) = &limit.limiter
        && let Err(denied) = limiter.check_key(&client)
    {
        let wait = denied.wait_time_from(limiter.clock().now());
        return FailureResponse(Failure::rate_limited(wait)).into_response();
    }
    if let Some(shared) = &limit.shared
        && let Err(wait) = shared.check(client).await
    {
        return FailureResponse(Failure::rate_limited(wait)).into_response();
    }
    next.run(request).await
}
