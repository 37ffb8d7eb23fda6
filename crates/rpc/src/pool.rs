//! The connections to the processes of a service, and the choice of one for each call.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use http::{Request, Response, Uri, uri::Parts};
use hyper::client::conn::http2::SendRequest;
use tokio::sync::watch;
use tonic::body::Body;

/// How fit a connection is to carry calls, the better the greater. Calls go to the best there is: a process that is only
/// slow is left while another is not, but when all are slow (as on a busy machine) none is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fitness {
    /// No connection.
    Lost,
    /// No connection yet: the first attempt is under way.
    Trying,
    /// It says that it serves no more, or not yet.
    Draining,
    /// It answered once, and does not in time now.
    Late,
    /// It serves.
    Serving,
}

/// One connection to one process, which comes back when it is lost.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) address: SocketAddr,
    /// Scheme and authority that requests name.
    origin: Uri,
    condition: Mutex<(Fitness, Option<SendRequest<Body>>)>,
    in_flight: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    pub(super) fn new(address: SocketAddr, origin: Uri) -> Self {
        Self {
            address,
            origin,
            condition: Mutex::new((Fitness::Trying, None)),
            in_flight: AtomicUsize::new(0),
        }
    }

    /// Sends a request on a connection, with the scheme and authority that HTTP/2 needs in it.
    pub(super) async fn send(
        &self,
        connection: &mut SendRequest<Body>,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Unsent> {
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
                Some(request) => Unsent::Whole(Box::new(request)),
                None => Unsent::Broken(error.into_error()),
            })
    }

    fn fitness(&self) -> Fitness {
        match &*lock(&self.condition) {
            (_, Some(connection)) if connection.is_closed() => Fitness::Lost,
            (fitness, _) => *fitness,
        }
    }

    fn connection(&self) -> Option<SendRequest<Body>> {
        lock(&self.condition).1.clone()
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Unsent {
    /// The connection was closed before any of the request was sent: another can take it, whatever it asks.
    Whole(Box<Request<Body>>),
    /// The connection broke: nobody knows how far the request came.
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

/// Why a call failed before its service answered.
#[derive(Debug)]
pub(super) enum Failed {
    /// There is no process to ask.
    Unreachable,
    /// The connection broke under it.
    Broken(String),
}

/// All connections to a service.
#[derive(Debug)]
pub(super) struct Pool {
    /// The service's full name.
    pub(super) service: &'static str,
    links: Mutex<Arc<[Arc<Link>]>>,
    /// Whether the names were never resolved so far.
    is_new: AtomicBool,
    turn: AtomicUsize,
    changed: watch::Sender<()>,
}

impl Pool {
    pub(super) fn new(service: &'static str) -> Self {
        Self {
            service,
            links: Mutex::new(Arc::new([])),
            is_new: AtomicBool::new(true),
            turn: AtomicUsize::new(0),
            changed: watch::Sender::new(()),
        }
    }

    /// Replaces the connections by those to the addresses of now.
    pub(super) fn set_links(&self, links: Vec<Arc<Link>>) {
        *lock(&self.links) = links.into();
        self.is_new.store(false, Ordering::Release);
        self.changed.send_replace(());
    }

    /// Notes how fit a connection is, and tells the calls that wait for one.
    pub(super) fn note(&self, link: &Link, fitness: Fitness, connection: Option<&SendRequest<Body>>) {
        let before = {
            let mut condition = lock(&link.condition);
            std::mem::replace(&mut *condition, (fitness, connection.cloned())).0
        };
        if before != fitness {
            let (service, address) = (self.service, link.address);
            tracing::info!(service, %address, ?before, now = ?fitness, "a connection changed");
            self.changed.send_replace(());
        }
    }

    /// Returns whether a call would find a process to ask.
    pub(super) fn is_reachable(&self) -> bool {
        self.links()
            .iter()
            .any(|link| link.fitness() >= Fitness::Draining)
    }

    /// Sends a request to the best process, which is not one of those to avoid if there is another. An address on which
    /// the call broke is added to them.
    pub(super) async fn send(
        &self,
        mut request: Request<Body>,
        avoid: &mut Vec<SocketAddr>,
    ) -> Result<Response<Body>, Failed> {
        loop {
            let (link, mut connection) = self.choose(avoid).await.ok_or(Failed::Unreachable)?;
            match link.send(&mut connection, request).await {
                Ok(answer) => return Ok(answer),
                // Nothing of it was sent: this is the first try, still. The closed connection is not chosen again.
                Err(Unsent::Whole(whole)) => request = *whole,
                Err(Unsent::Broken(error)) => {
                    avoid.push(link.address);
                    return Err(Failed::Broken(error.to_string()));
                }
            }
        }
    }

    /// Chooses a connection; waits for one only while first attempts are under way.
    async fn choose(&self, avoid: &[SocketAddr]) -> Option<(Arc<Link>, SendRequest<Body>)> {
        let mut changed = self.changed.subscribe();
        loop {
            let links = self.links();
            if let Some(chosen) = self.best(&links, avoid) {
                return Some(chosen);
            }
            let is_trying = links.iter().any(|link| link.fitness() == Fitness::Trying);
            if !is_trying && !self.is_new.load(Ordering::Acquire) {
                return None;
            }
            changed.changed().await.ok()?;
        }
    }

    /// The less busy of two of the fittest. (The least busy of all would be the one that fails the fastest.)
    fn best(&self, links: &[Arc<Link>], avoid: &[SocketAddr]) -> Option<(Arc<Link>, SendRequest<Body>)> {
        let fitnesses = links
            .iter()
            .map(|link| (!avoid.contains(&link.address), link.fitness()));
        let fitnesses: Vec<_> = fitnesses.collect();
        let usable = fitnesses
            .iter()
            .filter(|(_, fitness)| *fitness >= Fitness::Draining);
        let best = *usable.max()?;
        let candidates: Vec<_> = (0..links.len())
            .filter(|index| fitnesses[*index] == best)
            .collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let first = &links[candidates[turn % candidates.len()]];
        let second = &links[candidates[scatter(turn) % candidates.len()]];
        let busy = |link: &Link| link.in_flight.load(Ordering::Relaxed);
        let chosen = if busy(second) < busy(first) { second } else { first };
        Some((Arc::clone(chosen), chosen.connection()?))
    }

    fn links(&self) -> Arc<[Arc<Link>]> {
        Arc::clone(&lock(&self.links))
    }
}

/// Spreads consecutive numbers: a choice that follows no pattern needs no better chance than this (Knuth's multiplier).
fn scatter(turn: usize) -> usize {
    (turn as u32).wrapping_mul(2_654_435_761) as usize >> 16
}
