//! One request over one connection of its own: resolved, judged, dialled, sent, and cut off in time.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures_util::future::{Either, select};
use hickory_resolver::{
    TokioResolver,
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

use super::{
    address::is_allowed,
    target::{Rules, Target},
};
use crate::name_servers::name_servers;

/// Resolving, connecting, sending and answering together.
const EXCHANGE: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(5);
/// How long a caller waits for a name when a URL is made.
const RESOLVE: Duration = Duration::from_secs(2);
/// How much of an answer is read, head and body together.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// How long a body may take whose head has decided already.
const DRAIN: Duration = Duration::from_secs(1);
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 4;

/// Why there was no answer. Nothing here tells what was found inside a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("the URL {0}")]
    Url(&'static str),
    #[error("the host name has no address")]
    Unresolved,
    #[error("the host has an address that is not public")]
    Refused,
    #[error("cannot connect")]
    Connect,
    #[error("no TLS with this host")]
    Tls,
    #[error("no HTTP answer")]
    Http,
    #[error("took longer than 10 s")]
    Timeout,
}

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<RetryAfter>,
}

/// When a receiver asks to be tried again (RFC 9110 10.2.3).
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

/// Sends to addresses that strangers name. No redirects, no proxies, no connection used twice, nothing decompressed.
#[derive(Debug, Clone)]
pub(crate) struct GuardedClient {
    resolver: TokioResolver,
    rules: Rules,
    tls: Arc<ClientConfig>,
}

impl GuardedClient {
    /// Makes a client that asks some DNS servers, or the system's when there are none.
    pub(crate) fn new(rules: Rules, dns_servers: &[SocketAddr]) -> Self {
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions();
        let builder =
            builder.unwrap_or_else(|error| unreachable!("the provider has TLS 1.2 and 1.3: {error}"));
        let tls = builder.with_root_certificates(roots).with_no_client_auth();
        Self {
            resolver: resolver(dns_servers),
            rules,
            tls: Arc::new(tls),
        }
    }

    /// Checks a URL before it is kept. A name that has no address yet passes: it is judged again at every use.
    ///
    /// # Errors
    /// Says what is wrong, to follow "the URL".
    pub(crate) async fn check(&self, url: &str) -> Result<(), &'static str> {
        let target = Target::new(url, &self.rules)?;
        match timeout(RESOLVE, self.addresses(&target)).await {
            Ok(Err(Problem::Refused)) => Err("leads to an address that is not public"),
            _ => Ok(()),
        }
    }

    /// Posts JSON; returns the head of the answer, whatever its status.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn post(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<Answer, Problem> {
        timeout(EXCHANGE, self.exchange(url, headers, body))
            .await
            .unwrap_or(Err(Problem::Timeout))
    }

    async fn exchange(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<Answer, Problem> {
        let target = Target::new(url, &self.rules).map_err(Problem::Url)?;
        let addresses = self.addresses(&target).await?;
        let stream = timeout(CONNECT, dial(&addresses))
            .await
            .unwrap_or(Err(Problem::Connect))?;
        let request = request(&target, headers, body)?;
        if !target.has_tls {
            return talk(stream, request).await;
        }
        let name = match &target.host {
            Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned()),
            Host::Ipv4(address) => Ok(IpAddr::from(*address).into()),
            Host::Ipv6(address) => Ok(IpAddr::from(*address).into()),
        };
        let name = name.map_err(|_| Problem::Tls)?;
        let stream = TlsConnector::from(self.tls.clone())
            .connect(name, stream)
            .await
            .map_err(|_| Problem::Tls)?;
        talk(stream, request).await
    }

    /// Returns the addresses of a target. One that may not be dialled among them refuses all: whoever names it means harm.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Problem> {
        let found: Vec<IpAddr> = match &target.host {
            Host::Ipv4(address) => vec![(*address).into()],
            Host::Ipv6(address) => vec![(*address).into()],
            Host::Domain(name) => {
                // With a dot at its end no search domain of this machine is tried.
                let name = format!("{}.", name.trim_end_matches('.'));
                let found = self.resolver.lookup_ip(name).await;
                found.map_err(|_: NetError| Problem::Unresolved)?.iter().collect()
            }
        };
        if found.iter().any(|address| !is_allowed(*address, &self.rules)) {
            return Err(Problem::Refused);
        }
        if found.is_empty() {
            return Err(Problem::Unresolved);
        }
        let addresses = found.into_iter().take(MAX_ADDRESSES);
        Ok(addresses
            .map(|address| SocketAddr::new(address, target.port))
            .collect())
    }
}

fn resolver(servers: &[SocketAddr]) -> TokioResolver {
    let provider = TokioRuntimeProvider::default();
    let mut builder = TokioResolver::builder_with_config(name_servers(servers), provider);
    // Each use asks anew: nothing remembered can outlive a change.
    builder.options_mut().cache_size = 0;
    builder.options_mut().attempts = 2;
    builder.options_mut().timeout = Duration::from_secs(2);
    match builder.build() {
        Ok(resolver) => resolver,
        Err(error) => unreachable!("a resolver without DNSSEC or TLS needs nothing: {error}"),
    }
}

/// Connects to the first address that answers.
#[expect(clippy::disallowed_methods, reason = "each was judged")]
async fn dial(addresses: &[SocketAddr]) -> Result<TcpStream, Problem> {
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(*address).await {
            return Ok(stream);
        }
    }
    Err(Problem::Connect)
}

fn request(target: &Target, headers: HeaderMap, body: Bytes) -> Result<Request<Full<Bytes>>, Problem> {
    let bad = Problem::Url("cannot be read");
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

/// Sends a request and reads the head of its answer, and a little of its body so that the receiver can end well.
#[expect(clippy::disallowed_methods, reason = "whom it talks to was judged")]
pub(super) async fn talk<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, Problem>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (reader, writer) = tokio::io::split(stream);
    // Whatever the answer claims to be, it ends here.
    let reader = reader.take(MAX_ANSWER_BYTES as u64);
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_ANSWER_BYTES)
        .handshake(TokioIo::new(tokio::io::join(reader, writer)))
        .await
        .map_err(|_| Problem::Http)?;
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(|_| Problem::Http)?;
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let answer = Answer {
            status: response.status().as_u16(),
            retry_after: retry_after.and_then(RetryAfter::read),
        };
        let mut body = response.into_body();
        let drain = async { while let Some(Ok(_)) = body.frame().await {} };
        // The status has decided; how the body ends changes nothing.
        let _ = timeout(DRAIN, drain).await;
        Ok(answer)
    };
    let exchange = std::pin::pin!(exchange);
    match select(exchange, std::pin::pin!(connection)).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right((_, exchange)) => exchange.await,
    }
}
