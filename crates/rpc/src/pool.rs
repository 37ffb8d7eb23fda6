//! The connections to the processes of a service, and the choice of one for each call: power of two choices.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use http::{Request, Response, Uri, uri::Parts};
use hyper::client::conn::http2::SendRequest;
use parking_lot::Mutex;
use rand::seq::IndexedRandom;
use tokio::sync::watch;
use tonic::body::Body;

/// The health of a connection, ordered. Calls go to the best class present: a slow process is avoided while another serves,
/// but when all are slow (as on a busy machine) all are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Health {
    /// No connection.
    Down,
    /// No connection yet: the first attempt is in progress.
    Connecting,
    /// The health check says that it does not serve, or not yet.
    Draining,
    /// It answered a health check before, but the last ones timed out.
    Slow,
    /// The health check says that it serves.
    Serving,
}

/// One connection to one process, reopened when it is lost.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) address: SocketAddr,
    /// Scheme and authority of requests.
    origin: Uri,
    state: Mutex<(Health, Option<SendRequest<Body>>)>,
    in_flight: AtomicUsize,
}

impl Link {
    pub(super) fn new(address: SocketAddr, origin: Uri) -> Self {
        Self {
            address,
            origin,
            state: Mutex::new((Health::Connecting, None)),
            in_flight: AtomicUsize::new(0),
        }
    }

    /// Sends a request on a connection, with the scheme and authority that HTTP/2 requires.
    pub(super) async fn send(
        &self,
        connection: &mut SendRequest<Body>,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, SendError> {
        let mut parts = Parts::from(request.uri().clone());
        parts.scheme = self.origin.scheme().cloned();
        parts.authority = self.origin.authority().cloned();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
        let _counted = InFlight::new(&self.in_flight);
        let answer = connection.try_send_request(request).await;
        answer
            .map(|answer| answer.map(Body::new))
            .map_err(|mut error| match error.take_message() {
                Some(request) => SendError::NotSent(Box::new(request)),
                None => SendError::Broken(error.into_error()),
            })
    }

    fn health(&self) -> Health {
        match &*self.state.lock() {
            (_, Some(connection)) if connection.is_closed() => Health::Down,
            (health, _) => *health,
        }
    }

    fn connection(&self) -> Option<SendRequest<Body>> {
        self.state.lock().1.clone()
    }
}

/// Why a request got no answer.
#[derive(Debug)]
pub(super) enum SendError {
    /// The connection was closed before any of the request was sent: any method may be sent on another connection.
    NotSent(Box<Request<Body>>),
    /// The connection broke after sending began: whether the service received the request is unknown.
    Broken(hyper::Error),
}

struct InFlight<'a>(&'a AtomicUsize);

impl<'a> InFlight<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The process that a request was sent to, once it is chosen.
pub(super) type Used = Mutex<Option<SocketAddr>>;

/// Why a call failed before its service answered.
#[derive(Debug)]
pub(super) enum Failed {
    /// No process has a usable connection.
    Unreachable,
    /// The connection broke during the call.
    Broken(String),
}

/// All connections to the processes of a service.
#[derive(Debug)]
pub(super) struct Pool {
    /// The full name of the service.
    pub(super) service: &'static str,
    links: Mutex<Arc<[Arc<Link>]>>,
    /// Whether the names have not been resolved yet.
    is_new: AtomicBool,
    changed: watch::Sender<()>,
}

impl Pool {
    pub(super) fn new(service: &'static str) -> Self {
        Self {
            service,
            links: Mutex::new(Arc::new([])),
            is_new: AtomicBool::new(true),
            changed: watch::Sender::new(()),
        }
    }

    /// Replaces the connections.
    pub(super) fn set_links(&self, links: Vec<Arc<Link>>) {
        *self.links.lock() = links.into();
        self.is_new.store(false, Ordering::Release);
        self.changed.send_replace(());
    }

    /// Sets the health of a connection, and wakes the calls that wait for one.
    pub(super) fn set_health(&self, link: &Link, health: Health, connection: Option<&SendRequest<Body>>) {
        let before = {
            let mut state = link.state.lock();
            std::mem::replace(&mut *state, (health, connection.cloned())).0
        };
        if before != health {
            let (service, address) = (self.service, link.address);
            tracing::info!(service, %address, ?before, now = ?health, "the health of a connection changed");
            self.changed.send_replace(());
        }
    }

    /// Returns whether a call would find a usable connection.
    pub(super) fn is_reachable(&self) -> bool {
        self.links().iter().any(|link| link.health() >= Health::Draining)
    }

    /// Sends a request to one of the healthiest processes, avoiding those in `avoid` if there is another. `used` is the
    /// address of the process.
    pub(super) async fn send(
        &self,
        mut request: Request<Body>,
        avoid: &[SocketAddr],
        used: &Used,
    ) -> Result<Response<Body>, Failed> {
        loop {
            let (link, mut connection) = self.choose(avoid).await.ok_or(Failed::Unreachable)?;
            *used.lock() = Some(link.address);
            match link.send(&mut connection, request).await {
                Ok(answer) => return Ok(answer),
                // Nothing was sent, so this does not count as an attempt. The closed connection is not chosen again.
                Err(SendError::NotSent(unsent)) => request = *unsent,
                Err(SendError::Broken(error)) => return Err(Failed::Broken(error.to_string())),
            }
        }
    }

    /// Returns whether a process that serves is not in `avoid`.
    pub(super) fn has_another(&self, avoid: &[SocketAddr]) -> bool {
        let links = self.links();
        let mut serving = links.iter().filter(|link| link.health() == Health::Serving);
        serving.any(|link| !avoid.contains(&link.address))
    }

    /// Chooses a connection; waits for one only during first connection attempts.
    async fn choose(&self, avoid: &[SocketAddr]) -> Option<(Arc<Link>, SendRequest<Body>)> {
        let mut changed = self.changed.subscribe();
        loop {
            let links = self.links();
            if let Some(chosen) = self.pick(&links, avoid) {
                return Some(chosen);
            }
            let is_connecting = links.iter().any(|link| link.health() == Health::Connecting);
            if !is_connecting && !self.is_new.load(Ordering::Acquire) {
                return None;
            }
            changed.changed().await.ok()?;
        }
    }

    /// Power of two choices among the healthiest connections: the one of two random ones with fewer requests in flight. The
    /// least busy of all would be the process that fails fastest.
    fn pick(&self, links: &[Arc<Link>], avoid: &[SocketAddr]) -> Option<(Arc<Link>, SendRequest<Body>)> {
        let ranks: Vec<_> = links
            .iter()
            .map(|link| (!avoid.contains(&link.address), link.health()))
            .collect();
        let usable = ranks.iter().filter(|(_, health)| *health >= Health::Draining);
        let best = *usable.max()?;
        let candidates: Vec<_> = links
            .iter()
            .zip(&ranks)
            .filter(|(_, rank)| **rank == best)
            .map(|(link, _)| link)
            .collect();
        let chosen = candidates
            .choose_multiple(&mut rand::rng(), 2)
            .min_by_key(|link| link.in_flight.load(Ordering::Relaxed))?;
        Some((Arc::clone(chosen), chosen.connection()?))
    }

    fn links(&self) -> Arc<[Arc<Link>]> {
        Arc::clone(&self.links.lock())
    }
}
