//! The rate limit for each client address: in this process, and over all gateways that share a Redis.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use ipnet::IpNet;
use mayfly_runtime::{fair, task::Tasks};
use mayfly_shared::{
    limits::{LocalBuckets, SharedBucket},
    redis::Redis,
};

use mayfly_rpc::Failure;

use crate::{
    config::Config,
    edge::client_address::{ClientAddress, PeerAddress, client_address},
    edge::failure::FailureResponse,
};

/// How many requests a search counts as.
const SEARCH_COST: u32 = 4;
/// A client can send the requests of this time at once.
const BURST: Duration = Duration::from_secs(2);

/// The limit, and the proxies that can name a client's address.
#[derive(Clone)]
pub(crate) struct RateLimit {
    local: Option<LocalBuckets<ClientAddress>>,
    /// The most requests at once; a search counts as no more, so that it can succeed.
    burst: u32,
    shared: Option<SharedLimit>,
    trusted_proxies: Arc<[IpNet]>,
    /// One process for one machine: its own programs and tests are not limited.
    exempts_loopback: bool,
    has_warned: Arc<AtomicBool>,
}

impl RateLimit {
    pub(crate) fn new(config: &Config, redis: Option<Redis>, tasks: &Tasks) -> Self {
        let burst = NonZeroU32::new(config.rate_limit).map(|rate| rate.saturating_add(rate.get()));
        Self {
            burst: burst.map_or(1, NonZeroU32::get),
            local: burst.map(|burst| LocalBuckets::start("rate limit pruning", burst, BURST, tasks)),
            exempts_loopback: redis.is_none(),
            has_warned: Arc::default(),
            shared: redis
                .zip(burst)
                .map(|(redis, burst)| SharedLimit { redis, burst }),
            trusted_proxies: config.trusted_proxies.0.as_slice().into(),
        }
    }
}

impl RateLimit {
    /// Tells whether a request comes from a program on this machine. What a proxy on it forwards does not; a gateway that
    /// shares a Redis is part of a fleet.
    fn is_exempt(&self, request: &Request) -> bool {
        self.exempts_loopback
            && peer(request).is_some_and(|peer| peer.is_loopback())
            && !is_forwarded(request)
    }

    /// Says once that all clients of a proxy share one limit.
    fn warn_of_untrusted_proxy(&self, request: &Request) {
        if !is_forwarded(request) {
            return;
        }
        let Some(peer) = peer(request) else { return };
        let is_trusted = self.trusted_proxies.iter().any(|proxy| proxy.contains(&peer));
        if !is_trusted && !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                "X-Forwarded-For is ignored: its sender is not in gateway.trusted_proxies, so all its clients share one limit"
            );
        }
    }
}

fn peer(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<PeerAddress>().map(|peer| peer.0)
}

fn is_forwarded(request: &Request) -> bool {
    request.headers().contains_key("x-forwarded-for") || request.headers().contains_key("forwarded")
}

/// The limit over all gateways.
#[derive(Clone)]
struct SharedLimit {
    redis: Redis,
    burst: NonZeroU32,
}

impl SharedLimit {
    async fn check(&self, client: ClientAddress, cost: u32) -> Result<(), Duration> {
        let bucket = SharedBucket::new(&client.0.to_string(), self.burst.get(), BURST);
        bucket.take_many(&self.redis, cost).await
    }
}

/// Returns how many requests a request counts as. One that searches reads many messages.
fn cost(method: &Method, path: &str) -> u32 {
    let searches = path.ends_with("/api/messages/search")
        || path.ends_with("/api/messages/read")
        || (*method == Method::DELETE && path.ends_with("/api/messages"));
    if searches { SEARCH_COST } else { 1 }
}

/// Adds the client's address to the request, and rejects it above the limit.
pub(crate) async fn limit(State(limit): State<RateLimit>, mut request: Request, next: Next) -> Response {
    let client = client_address(&request, &limit.trusted_proxies);
    request.extensions_mut().insert(client);
    limit.warn_of_untrusted_proxy(&request);
    if limit.is_exempt(&request) {
        return fair::scope(Some(client.0), next.run(request)).await;
    }
    let cost = cost(request.method(), request.uri().path()).min(limit.burst);
    if let Some(local) = &limit.local
        && let Err(wait) = local.take_many(client, cost)
    {
        return FailureResponse(Failure::rate_limited(wait)).into_response();
    }
    if let Some(shared) = &limit.shared
        && let Err(wait) = shared.check(client, cost).await
    {
        return FailureResponse(Failure::rate_limited(wait)).into_response();
    }
    fair::scope(Some(client.0), next.run(request)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_counts_as_four_requests() {
        for (method, path, expected) in [
            (Method::GET, "/api/messages/search", 4),
            (Method::GET, "/base/pro/api/messages/search", 4),
            (Method::DELETE, "/api/messages", 4),
            (Method::DELETE, "/pro/api/messages", 4),
            (Method::PUT, "/api/messages/read", 4),
            (Method::DELETE, "/pro/api/messages/read", 4),
            (Method::PUT, "/api/messages/01a20f14/read", 1),
            (Method::GET, "/api/messages", 1),
            (Method::DELETE, "/api/messages/search", 4),
            (Method::DELETE, "/api/messages/01a20f14", 1),
        ] {
            assert_eq!(cost(&method, path), expected, "{method} {path}");
        }
    }
}
