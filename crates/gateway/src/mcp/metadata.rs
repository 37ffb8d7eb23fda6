//! The metadata of the protected resource (RFC 9728): a client learns from it which authorization servers issue tokens, if any.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::{Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use ipnet::IpNet;
use mayfly_rpc::Failure;
use serde_json::{Value, json};

use super::{Mcp, PATH as RESOURCE, tool::Tool};
use crate::{
    config::Config,
    edge::{client_address::PeerAddress, failure::FailureResponse},
};

/// The path of the route.
pub(super) const PATH: &str = "/.well-known/oauth-protected-resource/mcp";

/// What the metadata say, and how clients reach this server.
#[derive(Debug)]
pub(super) struct Metadata {
    base_path: String,
    is_tls: bool,
    trusted_proxies: Arc<[IpNet]>,
    authorization_servers: Vec<String>,
}

impl Metadata {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            base_path: config.base_path.clone(),
            is_tls: config.is_tls(),
            trusted_proxies: config.trusted_proxies.0.as_slice().into(),
            authorization_servers: config.mcp_authorization_servers.0.clone(),
        }
    }

    /// Returns the URL of the metadata, as the client of a request can call it.
    pub(super) fn url(&self, parts: &Parts) -> Option<String> {
        Some(format!("{}{PATH}", self.base(parts)?))
    }

    /// Returns the URL that the client of a request has called, up to the base path. The scheme is what a trusted proxy names.
    fn base(&self, parts: &Parts) -> Option<String> {
        let host = match parts.uri.authority() {
            Some(authority) => authority.as_str(),
            None => parts.headers.get(header::HOST)?.to_str().ok()?,
        };
        let peer = parts.extensions.get::<PeerAddress>();
        let is_proxied =
            peer.is_some_and(|peer| self.trusted_proxies.iter().any(|proxy| proxy.contains(&peer.0)));
        let forwarded = parts.headers.get("x-forwarded-proto").filter(|_| is_proxied);
        let is_https = forwarded.map_or(self.is_tls, |scheme| scheme.as_bytes().ends_with(b"https"));
        let scheme = if is_https { "https" } else { "http" };
        let base = format!("{scheme}://{host}{}", self.base_path);
        // The host goes into a quoted string of a header.
        base.parse::<Uri>().ok().filter(|_| !base.contains(['"', '\\']))?;
        Some(base)
    }

    fn document(&self, base: &str) -> Value {
        let mut document = json!({
            "resource": format!("{base}{RESOURCE}"),
            "resource_name": "Mayfly",
            "bearer_methods_supported": ["header"],
            "scopes_supported": Tool::scopes(),
        });
        if !self.authorization_servers.is_empty() {
            document["authorization_servers"] = json!(self.authorization_servers);
        }
        document
    }
}

/// Returns the metadata.
pub(super) async fn handle(State(mcp): State<Mcp>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match mcp.0.metadata.base(&parts) {
        Some(base) => Json(mcp.0.metadata.document(&base)).into_response(),
        None => FailureResponse(Failure::invalid_request("send one Host header")).into_response(),
    }
}
