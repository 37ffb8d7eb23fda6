//! Names of this machine in `Host` headers. A page of another site can point its own name at 127.0.0.1 (DNS rebinding); the
//! `Host` header reveals it.

use std::net::IpAddr;

use http::{HeaderMap, header, uri::Authority};

/// The one `Host` of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'a> {
    /// No header.
    Missing,
    /// One header, as sent.
    One(&'a str),
    /// Several headers, or one that is not text. RFC 9112 3.2: the answer is 400.
    Malformed,
}

/// Reads the `Host` headers of a request.
#[must_use]
pub fn host_of(headers: &HeaderMap) -> Host<'_> {
    let mut values = headers.get_all(header::HOST).iter();
    match (values.next(), values.next()) {
        (None, _) => Host::Missing,
        (Some(one), None) => one.to_str().map_or(Host::Malformed, Host::One),
        (Some(_), Some(_)) => Host::Malformed,
    }
}

/// Returns the name of a host without port, brackets and trailing dot, in lower case.
#[must_use]
pub fn name_of(host: &str) -> Option<String> {
    let authority = host.parse::<Authority>().ok()?;
    let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
    Some(name.trim_start_matches('[').trim_end_matches(']').to_owned())
}

/// Tells whether a name, as [`name_of`] returns it, always means this machine.
#[must_use]
pub fn is_loopback(name: &str) -> bool {
    match name.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}
