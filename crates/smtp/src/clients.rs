//! Bounds the number of open connections, in all and for each client. The last ones are for clients with few.

use std::{net::IpAddr, sync::Arc};

use mayfly_runtime::shares::{Bounds, Share, Shares};
use mayfly_types::client_network;

/// How many connections a client can have that takes from the reserve.
const SMALL_CLIENT: u64 = 4;

/// The connections that are open.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    connections: Arc<Shares<IpAddr>>,
    has_client_limit: bool,
}

/// An admitted connection. Dropping it makes room for another.
#[derive(Debug)]
pub(crate) struct Admission {
    /// Absent where clients have no limit: all of them can have the address of a proxy then.
    pub(crate) client: Option<IpAddr>,
    _share: Share<IpAddr>,
}

impl Clients {
    /// Bounds connections; 0 for each client is no limit, and then there is no reserve either.
    pub(crate) fn new(max_total: u32, max_per_client: u32) -> Self {
        let total = u64::from(max_total);
        let bounds = match max_per_client {
            0 => Bounds {
                total,
                share: total,
                reserve: 0,
                small: 0,
            },
            share => Bounds {
                total,
                share: share.into(),
                reserve: total / 5,
                small: SMALL_CLIENT,
            },
        };
        Self {
            connections: Shares::new(bounds),
            has_client_limit: max_per_client > 0,
        }
    }

    /// Admits a connection, or returns `None` when there are too many.
    pub(crate) fn admit(&self, address: IpAddr) -> Option<Admission> {
        let client = client_network(address);
        Some(Admission {
            client: self.has_client_limit.then_some(client),
            _share: self.connections.take(client, 1).ok()?,
        })
    }

    /// Tells whether only the reserve is left.
    pub(crate) fn is_scarce(&self) -> bool {
        self.connections.is_scarce()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn admit_over_a_limit_returns_none() {
        let clients = Clients::new(5, 2);
        let mut inside = Vec::new();
        for (address, is_admitted) in [
            ("192.0.2.1", true),
            ("::ffff:192.0.2.1", true),
            ("192.0.2.1", false),
            ("192.0.2.2", true),
            ("2001:db8:0:1::1", true),
            ("2001:db8:0:1:ffff::2", true),
            ("2001:db8:0:2::1", false), // the sixth
        ] {
            let admission = clients.admit(ip(address));
            assert_eq!(admission.is_some(), is_admitted, "{address}");
            inside.extend(admission);
        }
        inside.remove(0);
        assert!(clients.admit(ip("2001:db8:0:1::3")).is_none());
        inside.push(clients.admit(ip("192.0.2.1")).unwrap());
        inside.clear();
        assert_eq!(clients.connections.free(), 5);
    }

    #[test]
    fn admission_names_the_client_where_clients_are_limited() {
        let client = |max_per_client| {
            let admission = Clients::new(5, max_per_client).admit(ip("2001:db8::1"));
            admission.unwrap().client
        };
        assert_eq!(client(2), Some(ip("2001:db8::")));
        assert_eq!(client(0), None);
    }

    #[test]
    fn admit_without_client_limit_bounds_the_total() {
        let clients = Clients::new(3, 0);
        let inside: Vec<_> = (0..4).map(|_| clients.admit(ip("192.0.2.1"))).collect();
        assert_eq!(inside.iter().flatten().count(), 3);
    }

    /// Twenty addresses with fifty connections each.
    #[test]
    fn admit_from_many_greedy_clients_leaves_room_for_newcomers() {
        let clients = Clients::new(1000, 50);
        let mut inside: Vec<_> = (0..1000_u32)
            .filter_map(|n| clients.admit([10, 0, 0, (n % 20) as u8].into()))
            .collect();
        assert!(clients.is_scarce());
        assert_eq!(inside.len(), 800);
        for last in 0..50 {
            inside.extend((0..4).map(|_| clients.admit([192, 0, 2, last].into()).unwrap()));
        }
    }
}
