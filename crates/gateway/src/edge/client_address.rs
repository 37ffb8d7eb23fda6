//! The address of the client: the peer, or the client that a trusted proxy names.

use std::net::{IpAddr, Ipv6Addr};

use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, request::Parts},
};
use ipnet::IpNet;
use mayfly_types::client_network;

use mayfly_rpc::Failure;

use crate::edge::failure::FailureResponse;

/// The address of the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerAddress(pub(crate) IpAddr);

/// The client as limits count it: an IPv4 address, or the /64 of an IPv6 one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Finds the client of a request: the right-most hop of `X-Forwarded-For` that is not a trusted proxy, and only when
/// the peer itself is one.
pub(crate) fn client_address(request: &Request, trusted: &[IpNet]) -> ClientAddress {
    let peer = request
        .extensions()
        .get::<PeerAddress>()
        .map_or(Ipv6Addr::UNSPECIFIED.into(), |peer| peer.0);
    ClientAddress(client_network(from_headers(
        peer.to_canonical(),
        request.headers(),
        trusted,
    )))
}

fn from_headers(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    if !is_trusted(peer) {
        return peer;
    }
    let values = headers.get_all("x-forwarded-for").iter();
    // Bytes: a client chooses the left hops, and one that is not ASCII must not hide what a proxy appended to the value.
    let hops: Vec<&[u8]> = values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        // A hop that is not an address ends the chain: hops left of it are not trusted.
        let Some(address) = parse_hop(hop) else {
            return client;
        };
        client = address;
        if !is_trusted(address) {
            return client;
        }
    }
    client
}

/// Some proxies add a port.
fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop.trim_ascii()).ok()?;
    let address = hop
        .parse::<IpAddr>()
        .or_else(|_| hop.parse::<std::net::SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, FailureResponse> {
        parts
            .extensions
            .get()
            .copied()
            .ok_or_else(|| Failure::internal("the client address is missing").into())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn found(peer: &str, forwarded: &[&[u8]]) -> IpAddr {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut request = Request::new(axum::body::Body::empty());
        request
            .extensions_mut()
            .insert(PeerAddress(peer.parse().unwrap()));
        for value in forwarded {
            request
                .headers_mut()
                .append("x-forwarded-for", HeaderValue::from_bytes(value).unwrap());
        }
        client_address(&request, &trusted).0
    }

    #[test]
    fn client_address_trusts_listed_proxies_only() {
        let table = [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "198.51.100.1, 10.0.0.7", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, unknown, 10.0.0.7", "10.0.0.7"),
            ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
            ("10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2"),
            ("fd00::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:aaaa::1", "1.1.1.1", "2001:db8:1:2::"),
            ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ];
        for (peer, forwarded, expected) in table {
            let values = [forwarded.as_bytes()];
            let found = found(peer, &values[usize::from(forwarded.is_empty())..]);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded}");
        }
    }

    /// A proxy appends the address of its client to the value that the client sent.
    #[test]
    fn client_address_beside_bytes_outside_ascii_is_found() {
        let table: [(&[&[u8]], &str); 6] = [
            (&[b"\xff, 198.51.100.1"], "198.51.100.1"),
            (&[b"\xff,198.51.100.1, 10.0.0.7"], "198.51.100.1"),
            (&[b"\xc3\xa9", b"198.51.100.1"], "198.51.100.1"),
            // As any other hop that is no address.
            (&[b"198.51.100.1, \xff, 10.0.0.7"], "10.0.0.7"),
            (&[b"198.51.100.1, \xff"], "10.0.0.1"),
            (&[b"198.51.100.1", b"\xff"], "10.0.0.1"),
        ];
        for (forwarded, expected) in table {
            let found = found("10.0.0.1", forwarded);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{forwarded:?}");
        }
    }
}
