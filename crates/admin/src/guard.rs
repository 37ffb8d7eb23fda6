//! What every request passes: the check of its `Host`, then of its token.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};

use crate::{failure::Rejection, tokens::Tokens};

/// Who acts, as the audit log names them: a token of the file by its name, a user by `user:` and the id.
#[derive(Debug, Clone)]
pub struct Operator(pub(crate) Arc<str>);

/// What the names of users begin with. Names of tokens have no colon.
const USER: &str = "user:";

impl Operator {
    pub(crate) fn user(user_id: &str) -> Self {
        Self(format!("{USER}{user_id}").into())
    }

    /// Returns the id of a user, `None` for a token of the file.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.0.strip_prefix(USER)
    }
}

/// Rejects requests without a token of the file.
pub(crate) async fn authenticate(
    State(tokens): State<Arc<Tokens>>,
    mut request: Request,
    next: Next,
) -> Response {
    let header = request.headers().get(header::AUTHORIZATION);
    let bearer = header
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let operator = bearer.and_then(|(_, token)| tokens.name_of(token.trim()));
    let Some(operator) = operator.map(|name| Operator(name.into())) else {
        return Rejection(Failure::invalid_token()).into_response();
    };
    request.extensions_mut().insert(operator);
    next.run(request).await
}

/// Rejects names that strangers can register, so that no page of another site reaches the listener by DNS rebinding.
pub(crate) async fn check_host(request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match request.uri().host() {
        Some(host) => Some(host.to_owned()),
        None => hosts
            .next()
            .map(|host| host.to_str().unwrap_or_default().to_owned()),
    };
    if hosts.next().is_none() && host.is_some_and(|host| is_internal(&host)) {
        return next.run(request).await;
    }
    let message = "call the admin listener by its IP address or an internal name";
    Rejection(Failure::new(
        ErrorCode::InvalidArgument,
        Reason::WrongHost,
        message,
    ))
    .into_response()
}

/// Returns whether a host is an IP address, a name of one label, or below a domain that is reserved for internal use.
fn is_internal(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let is_below = |domain: &&str| name.ends_with(domain);
    bare.parse::<IpAddr>().is_ok()
        || (!name.is_empty() && !name.contains('.'))
        || [".localhost", ".svc", ".svc.cluster.local", ".internal"]
            .iter()
            .any(is_below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_of_a_registrable_name_is_refused() {
        for host in [
            "127.0.0.1:9090",
            "[::1]:9090",
            "10.1.2.3",
            "localhost:9090",
            "mayfly-gateway",
            "a.localhost",
            "mayfly-gateway.mail.svc",
            "mayfly-gateway.mail.svc.cluster.local:9090",
            "mx.internal",
        ] {
            assert!(is_internal(host), "{host}");
        }
        for host in [
            "",
            "evil.test",
            "127.0.0.1.evil.test",
            "localhost.evil.test",
            "svc.evil.test",
            "a b",
            "evil-internal.test",
        ] {
            assert!(!is_internal(host), "{host}");
        }
    }
}
