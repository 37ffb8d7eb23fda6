//! Sends one request over its own connection: resolve, check, connect, send, read the head, all within time-outs.

use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures_util::future::{Either, select};
use hickory_resolver::{
    TokioResolver,
    config::ResolverConfig,
    net::{NetError, runtime::TokioRuntimeProvider},
};
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use url::Host;

use super::{address::is_allowed, rules::Rules, target::Target};

/// Covers resolving, connecting, sending and the response.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the creation of a webhook waits for DNS.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(2);
/// Response bytes that are read, head and body together.
const MAX_RESPONSE_BYTES: usize = 16 * 1024;
/// How long the body is drained after the head.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// Addresses of one name to try.
const MAX_ADDRESSES: usize = 4;

/// Why there is no response. The texts disclose nothing about internal networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendError {
    #[error("the URL {0}")]
    Url(&'static str),
    #[error("the host name has no address")]
    Unresolved,
    #[error("the host has an address that is not public")]
    Refused,
    /// The operator allows networks, so the address is no secret to those who run the receiver.
    #[error("the host has the address {0}, which is not public and not in webhooks.allowed_networks")]
    NotAllowed(IpAddr),
    #[error("cannot connect")]
    Connect,
    #[error("no TLS with this host")]
    Tls,
    #[error("no HTTP answer")]
    Http,
    #[error("took longer than 10 s")]
    Timeout,
}

/// The head of a response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<RetryAfter>,
}

/// The `Retry-After` of a response (RFC 9110 10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    /// A date, in seconds since 1970.
    At(u64),
}

impl RetryAfter {
    fn read(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?;
        if let Ok(seconds) = text.parse() {
            return Some(Self::Seconds(seconds));
        }
        let date = httpdate::parse_http_date(text).ok()?;
        Some(Self::At(
            date.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs(),
        ))
    }
}

/// An HTTP client for URLs that users name. It follows no redirects, uses no proxy, reuses no connection and decompresses
/// nothing.
#[derive(Debug, Clone)]
pub(crate) struct GuardedClient {
    resolver: TokioResolver,
    rules: Rules,
    tls: Arc<ClientConfig>,
}

impl GuardedClient {
    /// Creates a client that resolves names through the given DNS servers.
    pub(crate) fn new(rules: Rules, dns: ResolverConfig) -> Self {
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions();
        let builder =
            builder.unwrap_or_else(|error| unreachable!("the provider has TLS 1.2 and 1.3: {error}"));
        let tls = builder.with_root_certificates(roots).with_no_client_auth();
        Self {
            resolver: resolver(dns),
            rules,
            tls: Arc::new(tls),
        }
    }

    /// Checks a URL before it is stored. A name without an address passes: every request checks again.
    ///
    /// # Errors
    /// Returns the problem as the predicate of "the URL".
    pub(crate) async fn check(&self, url: &str) -> Result<(), Cow<'static, str>> {
        let target = Target::new(url, &self.rules)?;
        match timeout(RESOLVE_TIMEOUT, self.addresses(&target)).await {
            Ok(Err(SendError::Refused)) => Err("leads to an address that is not public".into()),
            Ok(Err(SendError::NotAllowed(address))) => Err(format!(
                "leads to {address}, which is not public and not in webhooks.allowed_networks"
            )
            .into()),
            _ => Ok(()),
        }
    }

    /// Posts JSON and returns the head of the response, whatever its status.
    ///
    /// # Errors
    /// The reason why there is no response.
    pub(crate) async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response, SendError> {
        timeout(EXCHANGE_TIMEOUT, self.exchange(url, headers, body))
            .await
            .unwrap_or(Err(SendError::Timeout))
    }

    async fn exchange(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<Response, SendError> {
        let target = Target::new(url, &self.rules).map_err(SendError::Url)?;
        let addresses = self.addresses(&target).await?;
        let stream = timeout(CONNECT_TIMEOUT, connect(&addresses))
            .await
            .unwrap_or(Err(SendError::Connect))?;
        let request = request(&target, headers, body)?;
        if !target.has_tls {
            return exchange_over(stream, request).await;
        }
        let name = match &target.host {
            Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned()),
            Host::Ipv4(address) => Ok(IpAddr::from(*address).into()),
            Host::Ipv6(address) => Ok(IpAddr::from(*address).into()),
        };
        let name = name.map_err(|_| SendError::Tls)?;
        let stream = TlsConnector::from(self.tls.clone())
            .connect(name, stream)
            .await
            .map_err(|_| SendError::Tls)?;
        exchange_over(stream, request).await
    }

    /// Returns the addresses of a target. One forbidden address among them refuses the target: the mix is how DNS rebinding
    /// looks.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, SendError> {
        let found: Vec<IpAddr> = match &target.host {
            Host::Ipv4(address) => vec![(*address).into()],
            Host::Ipv6(address) => vec![(*address).into()],
            Host::Domain(name) => {
                // The trailing dot disables the search list of this machine.
                let name = format!("{}.", name.trim_end_matches('.'));
                let found = self.resolver.lookup_ip(name).await;
                found
                    .map_err(|_: NetError| SendError::Unresolved)?
                    .iter()
                    .collect()
            }
        };
        let forbidden = found.iter().find(|address| !is_allowed(**address, &self.rules));
        match forbidden {
            Some(address) if self.rules.is_missing(*address) => return Err(SendError::NotAllowed(*address)),
            Some(_) => return Err(SendError::Refused),
            None => {}
        }
        if found.is_empty() {
            return Err(SendError::Unresolved);
        }
        let addresses = found.into_iter().take(MAX_ADDRESSES);
        Ok(addresses
            .map(|address| SocketAddr::new(address, target.port))
            .collect())
    }
}

fn resolver(config: ResolverConfig) -> TokioResolver {
    let provider = TokioRuntimeProvider::default();
    let mut builder = TokioResolver::builder_with_config(config, provider);
    // Every request looks up again: a cache would outlive a change of the record.
    builder.options_mut().cache_size = 0;
    builder.options_mut().attempts = 2;
    builder.options_mut().timeout = Duration::from_secs(2);
    match builder.build() {
        Ok(resolver) => resolver,
        Err(error) => unreachable!("a resolver without DNSSEC or TLS cannot fail to build: {error}"),
    }
}

/// Connects to the first address that accepts.
#[expect(clippy::disallowed_methods, reason = "the addresses are checked")]
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, SendError> {
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(*address).await {
            return Ok(stream);
        }
    }
    Err(SendError::Connect)
}

fn request(target: &Target, headers: HeaderMap, body: Bytes) -> Result<Request<Full<Bytes>>, SendError> {
    let bad = SendError::Url("cannot be read");
    let path = &target.url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &target.url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut request = Request::post(path).body(Full::new(body)).map_err(|_| bad)?;
    *request.headers_mut() = headers;
    let host = HeaderValue::from_str(host).map_err(|_| bad)?;
    request.headers_mut().insert(header::HOST, host);
    request
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(request)
}

/// Sends a request, reads the head of the response, and drains a little of the body so that the receiver can finish cleanly.
#[expect(clippy::disallowed_methods, reason = "the address of the stream is checked")]
pub(super) async fn exchange_over<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Response, SendError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (reader, writer) = tokio::io::split(stream);
    // The limit holds whatever length the response declares.
    let reader = reader.take(MAX_RESPONSE_BYTES as u64);
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_RESPONSE_BYTES)
        .handshake(TokioIo::new(tokio::io::join(reader, writer)))
        .await
        .map_err(|_| SendError::Http)?;
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(|_| SendError::Http)?;
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let received = Response {
            status: response.status().as_u16(),
            retry_after: retry_after.and_then(RetryAfter::read),
        };
        let mut body = response.into_body();
        let drain = async { while let Some(Ok(_)) = body.frame().await {} };
        // The status is the outcome; the end of the body changes nothing.
        let _ = timeout(DRAIN_TIMEOUT, drain).await;
        Ok(received)
    };
    let exchange = std::pin::pin!(exchange);
    match select(exchange, std::pin::pin!(connection)).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right((_, exchange)) => exchange.await,
    }
}
