//! A service in other processes: all those that its names stand for, as they come and go.

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
    pool::{Fitness, Link, Pool},
    retry::Retries,
    trace_context::TraceCalls,
};
use mayfly_runtime::task::Tasks;

/// Connections to each process of a service: one is bounded by the one task at each end that drives it.
const CONNECTIONS: usize = 2;
/// How often names are looked up.
const RESOLVE_EVERY: Duration = Duration::from_secs(1);
/// How long a look-up may take.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A service in other processes.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The service's full name, such as `mayfly.auth.v1.Auth`: what its processes are asked the health of.
    pub service: &'static str,
    /// Where it lives.
    pub endpoints: Endpoints,
    /// What is shown to it.
    pub credential: Credential,
    /// The full paths of the methods that may be called again when it is not known whether a call arrived.
    pub idempotent_methods: &'static [&'static str],
}

/// Whether a service can be reached.
#[derive(Debug, Clone)]
pub struct Reach(Arc<Pool>);

impl Reach {
    /// Returns whether a call would find a process to ask.
    ///
    /// # Errors
    /// With a word for the readiness report.
    pub fn check(&self) -> Result<(), String> {
        let is_reachable = self.0.is_reachable();
        is_reachable.then_some(()).ok_or_else(|| "unreachable".to_owned())
    }
}

/// Makes a transport that spreads calls over the healthy processes of a service and carries the service credential. Its
/// connections are kept by tasks of the group, until the last clone of the transport is dropped or the group stops.
#[must_use]
pub fn remote(peer: &Peer, tasks: &Tasks) -> (Transport, Reach) {
    connect(peer, system(), tasks)
}

/// The same with a resolver of one's own.
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
    let spread = Spread {
        pool: Arc::clone(&pool),
        retries: Arc::new(Retries::new(peer.idempotent_methods)),
        bearer,
        _guard: Arc::new(stop.drop_guard()),
    };
    (
        BoxCloneSyncService::new(TraceCalls::remote(Deadline(spread))),
        Reach(pool),
    )
}

/// Sends each call to one of the processes, with the credential.
#[derive(Clone)]
struct Spread {
    pool: Arc<Pool>,
    retries: Arc<Retries>,
    bearer: Option<HeaderValue>,
    _guard: Arc<DropGuard>,
}

impl Service<Request<Body>> for Spread {
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

/// Follows the names of a service: an address that comes is connected to, one that goes is left.
struct Members {
    /// The URLs, with the addresses that each stood for when it was last known.
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

    /// Looks every name up. One that cannot be looked up now stands for what it stood for before.
    async fn resolve(&mut self) {
        let lookups = self.urls.iter().map(|(url, _)| {
            let lookup = (self.lookup)(host(url).to_owned(), port(url));
            tokio::time::timeout(RESOLVE_TIMEOUT, lookup)
        });
        let found = join_all(lookups).await;
        for ((url, addresses), found) in self.urls.iter_mut().zip(found) {
            match found {
                Ok(Ok(found)) if !found.is_empty() => *addresses = found,
                Ok(Ok(_)) => tracing::debug!(%url, "a name stands for no address"),
                Ok(Err(error)) => tracing::debug!(%url, %error, "cannot look a name up"),
                Err(_) => tracing::debug!(%url, "cannot look a name up in time"),
            }
        }
    }

    fn update(&mut self) {
        // An address that two names stand for is one process.
        let mut wanted = BTreeMap::new();
        for (url, addresses) in &self.urls {
            for address in addresses {
                wanted.entry(*address).or_insert_with(|| url.clone());
            }
        }
        // Dropping the guard ends the tasks that keep these connections; calls under way on them are finished.
        self.links.retain(|address, _| wanted.contains_key(address));
        for (address, url) in wanted {
            if self.links.contains_key(&address) {
                continue;
            }
            let stop = self.stop.child_token();
            let links = std::array::from_fn(|_| {
                let link = Arc::new(Link::new(address, url.clone()));
                let (dialer, host, stop) = (self.dialer.clone(), host(&url).to_owned(), stop.clone());
                let kept = Arc::clone(&link);
                self.dialer.tasks.spawn(async move {
                    stop.run_until_cancelled(dialer.keep(&kept, host)).await;
                    dialer.pool.note(&kept, Fitness::Lost, None);
                });
                link
            });
            self.links.insert(address, (links, stop.drop_guard()));
        }
        let links = self.links.values().flat_map(|(links, _)| links.iter().cloned());
        self.dialer.pool.set_links(links.collect());
    }
}
