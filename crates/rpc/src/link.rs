//! The life of one connection: made, asked for its health several times a second, made again when it is lost.

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
    pool::{Fitness, Link, Pool, Unsent},
};
use mayfly_runtime::task::Tasks;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The pause between two attempts, and between two questions.
const EVERY: Duration = Duration::from_millis(200);
/// How long an answer about health may take. Two late ones in a row make a process late: a hanging one is left
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
    /// Keeps a connection for as long as this is polled. `host` is the name that the other side's certificate must bear.
    pub(super) async fn keep(&self, link: &Link, host: String) {
        loop {
            let opened = tokio::time::timeout(CONNECT_TIMEOUT, self.open(link, &host)).await;
            match opened {
                Ok(Ok((connection, driver))) => self.attend(link, connection, driver).await,
                Ok(Err(error)) => tracing::debug!(address = %link.address, %error, "cannot connect"),
                Err(_) => tracing::debug!(address = %link.address, "cannot connect in time"),
            }
            self.pool.note(link, Fitness::Lost, None);
            tokio::time::sleep(EVERY).await;
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

    /// Asks again and again, until the connection is lost.
    async fn attend(&self, link: &Link, connection: SendRequest<Body>, driver: Driver) {
        // Calls under way may outlive the interest in this process, so the connection is driven apart from this.
        let lost = tokio_util::sync::CancellationToken::new();
        let guard = lost.clone().drop_guard();
        self.tasks.spawn(async move {
            driver.await;
            drop(guard);
        });
        lost.run_until_cancelled(self.ask(link, connection)).await;
    }

    async fn ask(&self, link: &Link, connection: SendRequest<Body>) {
        let mut has_answered = false;
        let mut is_refusal_told = false;
        let mut late = 0;
        loop {
            match tokio::time::timeout(CHECK_TIMEOUT, self.check(link, &connection)).await {
                Ok(Ok(ServingStatus::Serving)) => {
                    (has_answered, late) = (true, 0);
                    self.pool.note(link, Fitness::Serving, Some(&connection));
                }
                Ok(Ok(_)) => {
                    (has_answered, late) = (true, 0);
                    self.pool.note(link, Fitness::Draining, Some(&connection));
                }
                Ok(Err(status)) => {
                    if connection.is_closed() {
                        return;
                    }
                    // Whoever answers there does not serve us.
                    if !is_refusal_told {
                        let (service, address) = (self.pool.service, link.address);
                        tracing::warn!(service, %address, code = ?status.code(), "a process refuses to serve");
                        is_refusal_told = true;
                    }
                    self.pool.note(link, Fitness::Lost, None);
                }
                Err(_) => {
                    late += 1;
                    if late < 2 {
                        continue;
                    }
                    if has_answered {
                        self.pool.note(link, Fitness::Late, Some(&connection));
                    } else {
                        self.pool.note(link, Fitness::Lost, None);
                    }
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn check(&self, link: &Link, connection: &SendRequest<Body>) -> Result<ServingStatus, Status> {
        let service = tower::service_fn(|mut request: Request<Body>| async move {
            if let Some(bearer) = &self.bearer {
                request.headers_mut().insert(CREDENTIAL, bearer.clone());
            }
            let answer = link.send(&mut connection.clone(), request).await;
            answer.map_err(|unsent| match unsent {
                Unsent::Whole(_) => Status::unavailable("the connection is closed"),
                Unsent::Broken(error) => Status::unavailable(error.to_string()),
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
        // Answers that nobody takes for a while leave room for the others.
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
