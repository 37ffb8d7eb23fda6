//! A service in other processes.

use std::{fmt, str::FromStr, time::Duration};

use http::{HeaderValue, Request};
use mayfly_types::SecretKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use tonic::{
    Status,
    body::Body,
    transport::{Channel, Endpoint},
};
use tower::{ServiceExt, util::BoxCloneSyncService};

use super::{CREDENTIAL, Transport, deadline::Deadline, trace_context::TraceCalls};

/// Where a service lives: one URL, or several with commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints(Vec<String>);

impl FromStr for Endpoints {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let urls: Vec<String> = text.split(',').map(|url| url.trim().to_owned()).collect();
        for url in &urls {
            Endpoint::from_shared(url.clone())
                .ok()
                .filter(|endpoint| {
                    endpoint.uri().scheme_str() == Some("http") && endpoint.uri().host().is_some()
                })
                .ok_or_else(|| format!("`{url}` is not a URL such as http://127.0.0.1:50051"))?;
        }
        Ok(Self(urls))
    }
}

impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

impl Serialize for Endpoints {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoints {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// Connections to each process of a service: one is bounded by the one task at each end that drives it.
const CONNECTIONS: usize = 2;

/// Makes a transport that spreads calls over a service's processes and carries the service credential. It connects
/// when it is first used and again whenever a connection is lost.
///
/// # Panics
/// Never: the URLs were read as [`Endpoints`], and the credential is hex digits.
#[must_use]
pub fn remote(endpoints: &Endpoints, credential: &SecretKey) -> Transport {
    let endpoints = endpoints
        .0
        .iter()
        .filter_map(|url| Endpoint::from_shared(url.clone()).ok())
        .map(|endpoint| {
            endpoint
                .connect_timeout(Duration::from_secs(1))
                .http2_keep_alive_interval(Duration::from_secs(5))
                .keep_alive_timeout(Duration::from_secs(2))
                .keep_alive_while_idle(true)
                .initial_stream_window_size(1 << 20)
                .initial_connection_window_size(1 << 22)
                .tcp_nodelay(true)
        });
    let endpoints = endpoints.flat_map(|endpoint| std::iter::repeat_n(endpoint, CONNECTIONS));
    let channel = Channel::balance_list(endpoints);
    let bearer = HeaderValue::from_str(&format!("Bearer {}", credential.to_hex()))
        .ok()
        .map(|mut value| {
            value.set_sensitive(true);
            value
        });
    let credentialed = channel
        .map_request(move |mut request: Request<Body>| {
            if let Some(bearer) = &bearer {
                request.headers_mut().insert(CREDENTIAL, bearer.clone());
            }
            request
        })
        .map_err(|error| Status::unavailable(format!("cannot reach the service: {error}")));
    BoxCloneSyncService::new(TraceCalls::remote(Deadline(credentialed)))
}
