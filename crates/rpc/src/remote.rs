//! A service in other processes: resolves its endpoints periodically and balances calls over them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::{BoxFuture, join_all};
use http::{HeaderValue, Request, Response, Uri};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Status, body::Body};
use tower::{Service, util::BoxCloneSyncService};

use super::{
    CREDENTIAL, Credential, Endpoints, Transport,
    deadline::Deadline,
    endpoints::{Lookup, host, port, system},
    link::Dialer,
    pool::{Health, Link, Pool},
    retry::Retries,
    trace_context::TraceCalls,
};
use mayfly_runtime::task::Tasks;

/// Connections to each process of a service. The throughput of one is bounded by the single task at each end that drives it.
const CONNECTIONS: usize = 2;
/// The period of DNS look-ups.
const RESOLVE_EVERY: Duration = Duration::from_secs(1);
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A service in other processes.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The full name of the service, such as `mayfly.auth.v1.Auth`. Health checks ask for it.
    pub service: &'static str,
    /// Its URLs.
    pub endpoints: Endpoints,
    /// The credential that calls carry.
    pub credential: Credential,
    /// The full paths of the methods that may be retried after a call that possibly arrived.
    pub idempotent_methods: &'static [&'static str],
    /// Those that only read: when one is slow, another process is called too.
    pub read_methods: &'static [&'static str],
}

/// Whether a service can be reached.
#[derive(Debug, Clone)]
pub struct Reach(Arc<Pool>);

impl Reach {
    /// Checks that a call would find a usable connection.
    ///
    /// # Errors
    /// A word for the readiness report.
    pub fn check(&self) -> Result<(), String> {
        let is_reachable = self.0.is_reachable();
        is_reachable.then_some(()).ok_or_else(|| "unreachable".to_owned())
    }
}

/// Creates a transport that balances calls over the healthy processes of a service and sends the service credential. Tasks
/// of the group keep its connections until the last clone of the transport is dropped or the group stops.
#[must_use]
pub fn remote(peer: &Peer, tasks: &Tasks) -> (Transport, Reach) {
    connect(peer, system(), tasks)
}

/// Like [`remote`], with another resolver.
pub(super) fn connect(peer: &Peer, lookup: Lookup, tasks: &Tasks) -> (Transport, Reach) {
    let pool = Arc::new(Pool::new(peer.service));
    let bearer = peer.credential.bearer();
    let stop = tasks.stopping().child_token();
    let dialer = Dialer {
        pool: Arc::clone(&pool),
        tls: peer.credential.tls().cloned(),
        bearer: bearer.clone(),
        tasks: tasks.clone(),
    };
    let members = Members {
        urls: peer
            .endpoints
            .urls()
            .iter()
            .cloned()
            .map(|url| (url, Vec::new()))
            .collect(),
        links: BTreeMap::new(),
        dialer,
        lookup,
        stop: stop.clone(),
    };
    tasks.spawn(members.follow());
    let balance = Balance {
        pool: Arc::clone(&pool),
        retries: Arc::new(Retries::new(peer.idempotent_methods, peer.read_methods)),
        bearer,
        _guard: Arc::new(stop.drop_guard()),
    };
    (
        BoxCloneSyncService::new(TraceCalls::remote(Deadline(balance))),
        Reach(pool),
    )
}

/// Sends each call to one of the processes, with the credential.
#[derive(Clone)]
struct Balance {
    pool: Arc<Pool>,
    retries: Arc<Retries>,
    bearer: Option<HeaderValue>,
    _guard: Arc<DropGuard>,
}

impl Service<Request<Body>> for Balance {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<Body>, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(bearer) = &self.bearer {
            request.headers_mut().insert(CREDENTIAL, bearer.clone());
        }
        let (pool, retries) = (Arc::clone(&self.pool), Arc::clone(&self.retries));
        Box::pin(async move { retries.send(&pool, request).await })
    }
}

/// Follows the names of a service: connects to new addresses, and drops the connections to removed ones.
struct Members {
    /// The URLs, each with its addresses of the last successful look-up.
    urls: Vec<(Uri, Vec<SocketAddr>)>,
    links: BTreeMap<SocketAddr, ([Arc<Link>; CONNECTIONS], DropGuard)>,
    dialer: Dialer,
    lookup: Lookup,
    stop: CancellationToken,
}

impl Members {
    async fn follow(mut self) {
        let stop = self.stop.clone();
        let follow = async {
            loop {
                self.resolve().await;
                self.update();
                tokio::time::sleep(RESOLVE_EVERY).await;
            }
        };
        stop.run_until_cancelled(follow).await;
    }

    /// Looks up every name. A failed look-up keeps the previous addresses.
    async fn resolve(&mut self) {
        let lookups = self.urls.iter().map(|(url, _)| {
            let lookup = (self.lookup)(host(url).to_owned(), port(url));
            tokio::time::timeout(RESOLVE_TIMEOUT, lookup)
        });
        let found = join_all(lookups).await;
        for ((url, addresses), found) in self.urls.iter_mut().zip(found) {
            match found {
                Ok(Ok(found)) if !found.is_empty() => *addresses = found,
                Ok(Ok(_)) => tracing::debug!(%url, "a name resolved to no address"),
                Ok(Err(error)) => tracing::debug!(%url, %error, "a DNS look-up failed"),
                Err(_) => tracing::debug!(%url, "a DNS look-up timed out"),
            }
        }
    }

    fn update(&mut self) {
        // Two names that resolve to one address are one process.
        let mut wanted = BTreeMap::new();
        for (url, addresses) in &self.urls {
            for address in addresses {
                wanted.entry(*address).or_insert_with(|| url.clone());
            }
        }
        // Dropping the guard ends the tasks of these connections; calls in flight on them finish.
        self.links.retain(|address, _| wanted.contains_key(address));
        for (address, url) in wanted {
            if self.links.contains_key(&address) {
                continue;
            }
            let stop = self.stop.child_token();
            let links = std::array::from_fn(|_| {
                let link = Arc::new(Link::new(address, url.clone()));
                let (dialer, host, stop) = (self.dialer.clone(), host(&url).to_owned(), stop.clone());
                let maintained = Arc::clone(&link);
                self.dialer.tasks.spawn(async move {
                    stop.run_until_cancelled(dialer.maintain(&maintained, host)).await;
                    dialer.pool.set_health(&maintained, Health::Down, None);
                });
                link
            });
            self.links.insert(address, (links, stop.drop_guard()));
        }
        let links = self.links.values().flat_map(|(links, _)| links.iter().cloned());
        self.dialer.pool.set_links(links.collect());
    }
}
