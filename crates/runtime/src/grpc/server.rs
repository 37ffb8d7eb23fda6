//! Serving gRPC to other processes, which must show the service credential.

use std::{
    future::{Ready, ready},
    task::{Context, Poll},
};

use futures_util::future::{Either, MapErr, TryFutureExt};
use http::{HeaderMap, Request, Response};
use mayfly_types::{ErrorCode, SecretKey, reason};
use tokio::net::TcpListener;
use tonic::{
    Status,
    body::Body,
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tower::{BoxError, Layer, Service};

use super::{CREDENTIAL, Failure, observe::Observe};
use crate::task::Tasks;

/// Serves generated servers on a listener until the group stops; calls under way are finished.
pub fn serve(listener: TcpListener, routes: Routes, credential: SecretKey, tasks: &Tasks) {
    let stopping = tasks.stopping();
    // Set here: the builder's own option does not reach a listener that is handed in, and small answers would wait 40 ms
    // for an acknowledgement.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tasks.spawn_vital("grpc", async move {
        let served = Server::builder()
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(1 << 22)
            .max_concurrent_streams(1024)
            .layer(CredentialLayer(credential))
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming, stopping.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the gRPC listener failed");
        }
    });
}

#[derive(Clone)]
struct CredentialLayer(SecretKey);

impl<S> Layer<S> for CredentialLayer {
    type Service = CheckCredential<Observe<S>>;

    fn layer(&self, inner: S) -> Self::Service {
        CheckCredential {
            inner: Observe::new(inner),
            expected: self.0.clone(),
        }
    }
}

/// Refuses calls without the service credential before anything reads them.
#[derive(Clone)]
struct CheckCredential<S> {
    inner: S,
    expected: SecretKey,
}

impl<S> CheckCredential<S> {
    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let shown = headers
            .get(CREDENTIAL)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        shown
            .and_then(|hex| SecretKey::from_hex(hex).ok())
            .is_some_and(|shown| shown == self.expected)
    }
}

impl<S> Service<Request<Body>> for CheckCredential<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future =
        Either<Ready<Result<Response<Body>, BoxError>>, MapErr<S::Future, fn(S::Error) -> BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if self.is_ours(request.headers()) {
            return Either::Right(
                self.inner
                    .call(request)
                    .map_err(Into::into as fn(S::Error) -> BoxError),
            );
        }
        let refusal = Failure::new(
            ErrorCode::Unauthenticated,
            reason::SERVICE_CREDENTIAL,
            "a service credential is needed",
        );
        Either::Left(ready(Ok(Status::from(refusal).into_http())))
    }
}
