//! Serving gRPC to other processes, which must show the service credential, and telling them when to look elsewhere.

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

/// The longest deadline that a caller may name; one that names none has this.
const MAX_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a caller has to close its connection, once it was told to and has no call on it.
const DEAF_AFTER: Duration = Duration::from_secs(2);
/// How long a TLS handshake may take, and how many may be under way.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_HANDSHAKES: usize = 64;

/// The health of a service as `grpc.health.v1` tells it.
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

    /// Tells callers to take their calls elsewhere. They know within half a second; until then calls are still served.
    pub async fn drain(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    async fn set(&self, status: ServingStatus) {
        self.reporter.set_service_status(self.service, status).await;
        self.reporter.set_service_status("", status).await;
    }
}

/// Serves a generated server and its health on a listener until the group stops; calls under way are finished.
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
            // Set here: the builder's own option does not reach a listener that is handed in, and small answers would
            // wait 40 ms for an acknowledgement.
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
            // A caller that vanished is forgotten.
            .http2_keepalive_interval(Some(Duration::from_secs(10)))
            .http2_keepalive_timeout(Some(Duration::from_secs(10)))
            .layer(CredentialLayer {
                credential,
                calls: calls.clone(),
            })
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming, stopping.clone().cancelled_owned());
        // Each connection is closed when its caller has heard of the end. One that does not listen is not waited for.
        let calls_end = async {
            stopping.cancelled().await;
            tokio::time::sleep(DEAF_AFTER).await;
            calls.close();
            calls.wait().await;
        };
        tokio::select! {
            served = serve => if let Err(error) = served {
                tracing::error!(%error, "the gRPC listener failed");
            },
            () = calls_end => tracing::info!("left connections whose callers do not answer"),
        }
    });
}

/// Accepts connections and shakes hands on each by the certificates of that moment. A slow handshake holds up no other.
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
                    // Out of file descriptors, most likely: others will be closed.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let (acceptor, accepted) = (TlsAcceptor::from(tls.server()), accepted.clone());
            group.spawn(async move {
                let _permit = permit;
                let _ = stream.set_nodelay(true);
                match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => drop(accepted.send(Ok(stream)).await),
                    Ok(Err(error)) => tracing::info!(%error, "refused a connection without our credential"),
                    Err(_) => tracing::info!("a TLS handshake took too long"),
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

/// Refuses calls without the service credential before anything reads them. Counts the others until their answers end.
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
        if !self.expected.is_shown_in(request.headers()) {
            let refusal = Failure::new(
                ErrorCode::Unauthenticated,
                Reason::ServiceCredential,
                "a service credential is needed",
            );
            return Box::pin(ready(Ok(Status::from(refusal).into_http())));
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
