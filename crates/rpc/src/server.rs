//! Serves gRPC to other processes, which must present the service credential, and drains before shutdown.

use std::{
    future::ready,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream, future::BoxFuture, stream};
use http::{Request, Response};
use http_body_util::BodyExt;
use mayfly_types::{ErrorCode, Reason};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::task::TaskTracker;
use tonic::{
    Status,
    body::Body,
    service::Routes,
    transport::{
        Server,
        server::{Connected, TcpIncoming},
    },
};
use tonic_health::{
    ServingStatus,
    server::{HealthReporter, HealthService, health_reporter},
};
use tower::{BoxError, Layer, Service};

use super::{Credential, Failure, MutualTls, observe::Observe};
use mayfly_runtime::task::Tasks;

/// The longest deadline of a call, and the deadline of a call without one.
const MAX_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a caller has to close its connection after GOAWAY, once it has no call on it.
const CLOSE_GRACE: Duration = Duration::from_secs(2);
/// How long a TLS handshake may take, and how many may be under way.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_HANDSHAKES: usize = 64;
/// The pause after a failed accept.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// The health of a service, reported as `grpc.health.v1`.
#[derive(Debug, Clone)]
pub struct Health {
    service: &'static str,
    reporter: HealthReporter,
}

impl Health {
    async fn new(service: &'static str) -> Self {
        let (reporter, _) = health_reporter();
        let this = Self { service, reporter };
        this.set(ServingStatus::Serving).await;
        this
    }

    /// Reports `NOT_SERVING`, so that callers move to other processes. They notice within half a second; until then calls are
    /// still served.
    pub async fn drain(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    async fn set(&self, status: ServingStatus) {
        self.reporter.set_service_status(self.service, status).await;
        self.reporter.set_service_status("", status).await;
    }
}

/// Serves a generated server and its health on a listener until the group stops. Calls in flight finish.
pub async fn serve(
    listener: TcpListener,
    routes: Routes,
    service: &'static str,
    credential: Credential,
    tasks: &Tasks,
) -> Health {
    let health = Health::new(service).await;
    let checks = HealthService::from_health_reporter(health.reporter.clone());
    let routes = routes.add_service(tonic_health::pb::health_server::HealthServer::new(checks));
    match credential.tls().cloned() {
        None => {
            // The builder's own option does not apply to a listener that is passed in. Without it small answers would wait
            // 40 ms for an acknowledgement (Nagle's algorithm and delayed ACK).
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            serve_connections(incoming, routes, credential, tasks);
        }
        Some(tls) => {
            let incoming = accept_tls(listener, tls, tasks);
            serve_connections(incoming, routes, credential, tasks);
        }
    }
    health
}

fn serve_connections<I, C, E>(incoming: I, routes: Routes, credential: Credential, tasks: &Tasks)
where
    I: Stream<Item = Result<C, E>> + Send + 'static,
    C: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
    E: Into<BoxError> + Send + 'static,
{
    let (stopping, calls) = (tasks.stopping(), TaskTracker::new());
    tasks.spawn_vital("grpc", async move {
        let serve = Server::builder()
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(1 << 22)
            .max_concurrent_streams(1024)
            .timeout(MAX_TIMEOUT)
            // Closes the connection of a caller that vanished.
            .http2_keepalive_interval(Some(Duration::from_secs(10)))
            .http2_keepalive_timeout(Some(Duration::from_secs(10)))
            .layer(CredentialLayer {
                credential,
                calls: calls.clone(),
            })
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming, stopping.clone().cancelled_owned());
        // Each caller closes its connection after GOAWAY. One that does not react is not waited for.
        let calls_end = async {
            stopping.cancelled().await;
            tokio::time::sleep(CLOSE_GRACE).await;
            calls.close();
            calls.wait().await;
        };
        tokio::select! {
            served = serve => if let Err(error) = served {
                tracing::error!(%error, "the gRPC listener failed");
            },
            () = calls_end => tracing::info!("dropped connections whose callers do not close them"),
        }
    });
}

/// Accepts connections and performs each TLS handshake with the current certificates. A slow handshake delays no other.
fn accept_tls(
    listener: TcpListener,
    tls: MutualTls,
    tasks: &Tasks,
) -> impl Stream<Item = std::io::Result<TlsStream<TcpStream>>> + Send + use<> {
    let (accepted, mut incoming) = mpsc::channel(1);
    let handshakes = Arc::new(Semaphore::new(MAX_HANDSHAKES));
    let (stopping, group) = (tasks.stopping(), tasks.clone());
    let accept = async move {
        loop {
            let Ok(permit) = Arc::clone(&handshakes).acquire_owned().await else {
                return;
            };
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Most likely out of file descriptors: other connections will be closed.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                    continue;
                }
            };
            let (acceptor, accepted) = (TlsAcceptor::from(tls.server()), accepted.clone());
            group.spawn(async move {
                let _permit = permit;
                let _ = stream.set_nodelay(true);
                match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => drop(accepted.send(Ok(stream)).await),
                    Ok(Err(error)) => {
                        tracing::info!(%error, "rejected a connection without the service credential");
                    }
                    Err(_) => tracing::info!("a TLS handshake timed out"),
                }
            });
        }
    };
    tasks.spawn(async move {
        stopping.run_until_cancelled(accept).await;
    });
    stream::poll_fn(move |cx| incoming.poll_recv(cx))
}

#[derive(Clone)]
struct CredentialLayer {
    credential: Credential,
    calls: TaskTracker,
}

impl<S> Layer<S> for CredentialLayer {
    type Service = CheckCredential<Observe<S>>;

    fn layer(&self, inner: S) -> Self::Service {
        CheckCredential {
            inner: Observe::new(inner),
            expected: self.credential.clone(),
            calls: self.calls.clone(),
        }
    }
}

/// Rejects calls without the service credential before their body is read. Counts the others until their answers end.
#[derive(Clone)]
struct CheckCredential<S> {
    inner: S,
    expected: Credential,
    calls: TaskTracker,
}

impl<S> Service<Request<Body>> for CheckCredential<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !self.expected.is_in(request.headers()) {
            let failure = Failure::new(
                ErrorCode::Unauthenticated,
                Reason::ServiceCredential,
                "a service credential is required",
            );
            return Box::pin(ready(Ok(Status::from(failure).into_http())));
        }
        let (call, counted) = (self.inner.call(request), self.calls.token());
        Box::pin(async move {
            let answer = call.await.map_err(Into::into)?;
            Ok(answer.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    let _until_dropped = &counted;
                    frame
                }))
            }))
        })
    }
}
