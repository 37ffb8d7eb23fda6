//! Bounds the number of open connections, in all and for each client.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use mayfly_types::client_network;
use parking_lot::Mutex;

#[derive(Debug, Default)]
struct Connected {
    total: u32,
    by_client: HashMap<IpAddr, u32>,
}

/// The connections that are open.
#[derive(Debug)]
pub(crate) struct Clients {
    max_total: u32,
    /// 0 is no limit.
    max_per_client: u32,
    connected: Mutex<Connected>,
}

impl Clients {
    pub(crate) fn new(max_total: u32, max_per_client: u32) -> Arc<Self> {
        Arc::new(Self {
            max_total,
            max_per_client,
            connected: Mutex::default(),
        })
    }

    /// Admits a connection, or returns `None` when there are too many.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admission> {
        let client = client_network(address);
        let mut connected = self.connected.lock();
        let of_client = connected.by_client.get(&client).copied().unwrap_or(0);
        let is_full = connected.total >= self.max_total;
        if is_full || (self.max_per_client > 0 && of_client >= self.max_per_client) {
            return None;
        }
        connected.total += 1;
        connected.by_client.insert(client, of_client + 1);
        Some(Admission {
            clients: Arc::clone(self),
            client,
        })
    }
}

/// An admitted connection. Dropping it makes room for another.
#[derive(Debug)]
pub(crate) struct Admission {
    clients: Arc<Clients>,
    client: IpAddr,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut connected = self.clients.connected.lock();
        connected.total -= 1;
        let left = connected.by_client.get(&self.client).map_or(0, |n| n - 1);
        if left == 0 {
            connected.by_client.remove(&self.client);
        } else {
            connected.by_client.insert(self.client, left);
        }
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
        let connected = clients.connected.lock();
        assert!(connected.total == 0 && connected.by_client.is_empty());
    }

    #[test]
    fn admit_without_client_limit_bounds_the_total() {
        let clients = Clients::new(3, 0);
        let inside: Vec<_> = (0..4).map(|_| clients.admit(ip("192.0.2.1"))).collect();
        assert_eq!(inside.iter().flatten().count(), 3);
    }
}
