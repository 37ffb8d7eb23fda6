//! Protection against DNS rebinding on a laptop. A page of another site can point its own name at 127.0.0.1, and browsers
//! then treat this server as the origin of that page; the `Host` header reveals it.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    http::Version,
    middleware::Next,
    response::{IntoResponse, Response},
};
use ipnet::IpNet;
use mayfly_rpc::Failure;
use mayfly_runtime::hosts::{Host, host_of, is_loopback, name_of};
use mayfly_types::{ErrorCode, Reason};

use crate::{config::Config, edge::client_address::PeerAddress, edge::failure::FailureResponse};

/// The rule. It applies only where HTTP listens on loopback without TLS; elsewhere the operator chooses the name.
#[derive(Debug, Clone)]
pub(crate) struct HostCheck(Option<Arc<Rule>>);

#[derive(Debug)]
struct Rule {
    listen: SocketAddr,
    allowed: Vec<String>,
    /// A trusted proxy checks the name itself.
    proxies: Vec<IpNet>,
}

impl HostCheck {
    pub(crate) fn new(config: &Config) -> Self {
        let is_laptop = config.listen.ip().is_loopback() && !config.is_tls();
        Self(is_laptop.then(|| {
            Arc::new(Rule {
                listen: config.listen,
                allowed: config
                    .allowed_hosts
                    .0
                    .iter()
                    .map(|name| name.to_ascii_lowercase())
                    .collect(),
                proxies: config.trusted_proxies.0.to_vec(),
            })
        }))
    }
}

impl Rule {
    fn allows(&self, host: &str) -> bool {
        let Some(name) = name_of(host) else {
            return false;
        };
        let is_listed = |allowed: &String| allowed.trim_start_matches('[').trim_end_matches(']') == name;
        is_loopback(&name)
            || name
                .parse::<IpAddr>()
                .is_ok_and(|address| address == self.listen.ip())
            || self.allowed.iter().any(is_listed)
    }
}

/// Rejects a request with several names, or none where HTTP/1.1 requires one (RFC 9112 3.2), with 400, and a request for
/// another name with 421.
pub(crate) async fn check(State(check): State<HostCheck>, request: Request, next: Next) -> Response {
    let header = host_of(request.headers());
    let needs_header = request.version() == Version::HTTP_11 && request.uri().host().is_none();
    if header == Host::Malformed || (header == Host::Missing && needs_header) {
        let failure = Failure::invalid_request("send one Host header");
        return FailureResponse(failure).into_response();
    }
    let Some(rule) = check.0 else {
        return next.run(request).await;
    };
    let is_proxied = request
        .extensions()
        .get::<PeerAddress>()
        .is_some_and(|peer| rule.proxies.iter().any(|proxy| proxy.contains(&peer.0)));
    let host = match (request.uri().host(), header) {
        (Some(host), _) | (None, Host::One(host)) => Some(host),
        (None, Host::Missing | Host::Malformed) => None,
    };
    if is_proxied || host.is_none_or(|host| rule.allows(host)) {
        return next.run(request).await;
    }
    let message = "this server has another name: behind a proxy, set gateway.trusted_proxies to its address; else see \
                   gateway.allowed_hosts";
    FailureResponse(Failure::new(
        ErrorCode::InvalidArgument,
        Reason::WrongHost,
        message,
    ))
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_check_allows_local_and_configured_names_only() {
        let rule = Rule {
            listen: "127.0.0.1:8080".parse().unwrap(),
            allowed: vec!["mail.home.arpa".to_owned()],
            proxies: Vec::new(),
        };
        for (host, is_allowed) in [
            ("localhost", true),
            ("LOCALHOST:8080", true),
            ("mayfly.localhost:8080", true),
            ("127.0.0.1:8080", true),
            ("127.9.9.9", true),
            ("[::1]:8080", true),
            ("Mail.home.arpa.", true),
            ("evil.test", false),
            ("localhost.evil.test", false),
            ("127.0.0.1.evil.test:8080", false),
            ("evil-localhost", false),
            ("8.8.8.8", false),
            ("0.0.0.0", false),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(rule.allows(host), is_allowed, "{host}");
        }
    }
}
