//! The places of connections: a share for each client, and a reserve for clients with few.

use std::{
    io::{Read, Write},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use ipnet::IpNet;
use mayfly_runtime::{
    shares::{Bounds, Exceeded, Share, Shares},
    telemetry,
};
use mayfly_types::client_network;
use opentelemetry::{KeyValue, metrics::Counter};
use tokio::net::TcpStream;

use crate::config::Config;

/// The last part of the connections, one in ten, is for clients with at most this many: a browser opens six.
const SMALL_CLIENT: u64 = 8;

/// Whom a connection counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Client(IpAddr),
    /// Connections of trusted proxies have clients of their own behind them, so each is its own holder.
    Connection(u64),
}

/// A place of a connection.
#[derive(Debug)]
pub(super) struct Admission {
    holder: Holder,
    _share: Share<Holder>,
}

impl Admission {
    /// Returns the client, if the connection has one only.
    pub(super) fn client(&self) -> Option<IpAddr> {
        match self.holder {
            Holder::Client(client) => Some(client),
            Holder::Connection(_) => None,
        }
    }
}

/// The places of all connections.
#[derive(Debug, Clone)]
pub(crate) struct Admissions {
    connections: Arc<Shares<Holder>>,
    proxies: Arc<[IpNet]>,
    has_client_limit: bool,
    serial: Arc<AtomicU64>,
    rejected: Counter<u64>,
}

impl Admissions {
    pub(crate) fn new(config: &Config) -> Self {
        let total = u64::from(config.max_connections);
        let per_client = u64::from(config.max_connections_per_client);
        let bounds = Bounds {
            total,
            share: per_client.max(1),
            reserve: total / 10,
            small: SMALL_CLIENT,
        };
        Self {
            connections: Shares::new(bounds),
            proxies: config.trusted_proxies.0.as_slice().into(),
            has_client_limit: per_client > 0,
            serial: Arc::default(),
            rejected: telemetry::meter()
                .u64_counter("mayfly.gateway.connections.rejected")
                .with_description("Connections beyond a bound, by the bound")
                .build(),
        }
    }

    /// Admits a connection of a peer.
    ///
    /// # Errors
    /// Which bound it exceeds.
    pub(super) fn admit(&self, peer: IpAddr) -> Result<Admission, Exceeded> {
        let address = peer.to_canonical();
        let is_proxy = self.proxies.iter().any(|proxy| proxy.contains(&address));
        let holder = if is_proxy || !self.has_client_limit {
            Holder::Connection(self.serial.fetch_add(1, Ordering::Relaxed))
        } else {
            Holder::Client(client_network(address))
        };
        let share = self.connections.take(holder, 1).inspect_err(|exceeded| {
            let bound = match exceeded {
                Exceeded::Share => "client",
                Exceeded::Pool => "total",
            };
            self.rejected.add(1, &[KeyValue::new("bound", bound)]);
        })?;
        Ok(Admission {
            holder,
            _share: share,
        })
    }

    /// Tells whether only the reserve is left.
    pub(super) fn is_scarce(&self) -> bool {
        self.connections.is_scarce()
    }
}

/// Writes the reason without waiting for a client that does not read. Inside TLS there is no way to say it.
pub(super) fn refuse(stream: TcpStream, exceeded: Exceeded, is_tls: bool) {
    let (Ok(mut stream), false) = (stream.into_std(), is_tls) else {
        return;
    };
    let answer = match exceeded {
        Exceeded::Share => refusal(
            "429 Too Many Requests",
            "rate_limited",
            "too many connections; reuse them",
        ),
        Exceeded::Pool => refusal("503 Service Unavailable", "unavailable", "try again shortly"),
    };
    let _ = stream.write(answer.as_bytes());
    // Unread input would reset the connection, and the client would lose the answer.
    let _ = stream.read(&mut [0; 4096]);
}

fn refusal(status: &str, error: &str, message: &str) -> String {
    let body = format!("{{\"error\":\"{error}\",\"message\":\"{message}\"}}");
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nretry-after: 5\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn admit_bounds_each_client_and_no_proxy() {
        let admissions = Admissions::new(&Config {
            max_connections: 100,
            max_connections_per_client: 20,
            trusted_proxies: mayfly_runtime::config::List(vec!["10.0.0.0/8".parse().unwrap()]),
            ..Config::default()
        });
        let admit = |address: &str| admissions.admit(ip(address));
        let mut held: Vec<_> = (0..20)
            .map(|n| admit(&format!("2001:db8::{n}")).unwrap())
            .collect();
        assert_eq!(admit("2001:db8::ffff").unwrap_err(), Exceeded::Share);
        held.extend((0..50).map(|_| admit("10.1.1.1").unwrap()));
        held.extend((0..20).map(|_| admit("192.0.2.1").unwrap()));
        // The reserve: for clients with few connections.
        held.extend((0..8).map(|_| admit("192.0.2.2").unwrap()));
        assert_eq!(admit("192.0.2.2").unwrap_err(), Exceeded::Pool);
        held.extend((0..2).map(|_| admit("192.0.2.3").unwrap()));
        assert_eq!(admit("192.0.2.4").unwrap_err(), Exceeded::Pool);
        held.clear();
        assert!(!admissions.is_scarce());
    }
}
