//! One connection: connect, check its health five times a second, reconnect when it is lost.

use std::{future::Future, io, pin::Pin, sync::Arc, time::Duration};

use http::{HeaderValue, Request};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tonic::{Status, body::Body};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{
    CREDENTIAL, MutualTls,
    pool::{Health, Link, Pool, SendError},
};
use mayfly_runtime::task::Tasks;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The pause between two connection attempts, and between two health checks.
const CHECK_INTERVAL: Duration = Duration::from_millis(200);
/// The time-out of a health check. Two time-outs in a row make a process slow: a hanging process gets no more calls
/// 200 + 2 × 400 ms after it began to hang, at the latest.
const CHECK_TIMEOUT: Duration = Duration::from_millis(400);

/// What every connection to a service needs.
#[derive(Clone)]
pub(super) struct Dialer {
    pub(super) pool: Arc<Pool>,
    pub(super) tls: Option<MutualTls>,
    pub(super) bearer: Option<HeaderValue>,
    pub(super) tasks: Tasks,
}

type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Dialer {
    /// Keeps a connection open while this is polled. The certificate of the other side must be for `host`.
    pub(super) async fn maintain(&self, link: &Link, host: String) {
        loop {
            let opened = tokio::time::timeout(CONNECT_TIMEOUT, self.open(link, &host)).await;
            match opened {
                Ok(Ok((connection, driver))) => self.monitor(link, connection, driver).await,
                Ok(Err(error)) => tracing::debug!(address = %link.address, %error, "cannot connect"),
                Err(_) => tracing::debug!(address = %link.address, "connecting timed out"),
            }
            self.pool.set_health(link, Health::Down, None);
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the operator names the replicas of services"
    )]
    async fn open(&self, link: &Link, host: &str) -> io::Result<(SendRequest<Body>, Driver)> {
        let stream = TcpStream::connect(link.address).await?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else {
            return handshake(stream).await;
        };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        handshake(TlsConnector::from(tls.client()).connect(name, stream).await?).await
    }

    /// Checks the health until the connection is lost.
    async fn monitor(&self, link: &Link, connection: SendRequest<Body>, driver: Driver) {
        // Calls in flight may outlive this link, so a task of its own drives the connection.
        let lost = tokio_util::sync::CancellationToken::new();
        let guard = lost.clone().drop_guard();
        self.tasks.spawn(async move {
            driver.await;
            drop(guard);
        });
        lost.run_until_cancelled(self.check_repeatedly(link, connection))
            .await;
    }

    async fn check_repeatedly(&self, link: &Link, connection: SendRequest<Body>) {
        let mut has_answered = false;
        let mut is_rejection_logged = false;
        let mut timed_out = 0;
        loop {
            match tokio::time::timeout(CHECK_TIMEOUT, self.check(link, &connection)).await {
                Ok(Ok(ServingStatus::Serving)) => {
                    (has_answered, timed_out) = (true, 0);
                    self.pool.set_health(link, Health::Serving, Some(&connection));
                }
                Ok(Ok(_)) => {
                    (has_answered, timed_out) = (true, 0);
                    self.pool.set_health(link, Health::Draining, Some(&connection));
                }
                Ok(Err(status)) => {
                    if connection.is_closed() {
                        return;
                    }
                    // A server answers there, but rejects our calls.
                    if !is_rejection_logged {
                        let (service, address) = (self.pool.service, link.address);
                        tracing::warn!(service, %address, code = ?status.code(), "a process rejects health checks");
                        is_rejection_logged = true;
                    }
                    self.pool.set_health(link, Health::Down, None);
                }
                Err(_) => {
                    timed_out += 1;
                    if timed_out < 2 {
                        continue;
                    }
                    if has_answered {
                        self.pool.set_health(link, Health::Slow, Some(&connection));
                    } else {
                        self.pool.set_health(link, Health::Down, None);
                    }
                }
            }
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }

    async fn check(&self, link: &Link, connection: &SendRequest<Body>) -> Result<ServingStatus, Status> {
        let service = tower::service_fn(|mut request: Request<Body>| async move {
            if let Some(bearer) = &self.bearer {
                request.headers_mut().insert(CREDENTIAL, bearer.clone());
            }
            let answer = link.send(&mut connection.clone(), request).await;
            answer.map_err(|error| match error {
                SendError::NotSent(_) => Status::unavailable("the connection is closed"),
                SendError::Broken(error) => Status::unavailable(error.to_string()),
            })
        });
        let request = HealthCheckRequest {
            service: self.pool.service.to_owned(),
        };
        let answer = HealthClient::new(service).check(request).await?;
        Ok(answer.into_inner().status())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the operator names the replicas of services"
)]
async fn handshake<T>(stream: T) -> io::Result<(SendRequest<Body>, Driver)>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (connection, driver) = Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(5))
        .keep_alive_timeout(Duration::from_secs(2))
        .keep_alive_while_idle(true)
        .initial_stream_window_size(1 << 20)
        // Answers that are read slowly must not block the others.
        .initial_connection_window_size(1 << 26)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let driver = async move {
        if let Err(error) = driver.await {
            tracing::debug!(%error, "a connection broke");
        }
    };
    Ok((connection, Box::pin(driver)))
}
