//! Who is connected: bounds the connections in all and of one client.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// One client: an IPv4 address, or an IPv6 /64, since whoever has one address there has them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Client(IpAddr);

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
            v4 => Self(v4),
        }
    }
}

#[derive(Debug, Default)]
struct Connected {
    total: u32,
    by_client: HashMap<Client, u32>,
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

    /// Lets a connection in; `None` when there are too many.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admission> {
        let client = Client::from(address);
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
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

/// A connection that was let in; dropping it makes room for another.
#[derive(Debug)]
pub(crate) struct Admission {
    clients: Arc<Clients>,
    client: Client,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut connected = self
            .clients
            .connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
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
    fn a_client_has_its_share_and_all_have_theirs() {
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
        let connected = clients.connected.lock().unwrap();
        assert!(connected.total == 0 && connected.by_client.is_empty());
    }

    #[test]
    fn the_share_of_a_client_can_be_lifted() {
        let clients = Clients::new(3, 0);
        let inside: Vec<_> = (0..4).map(|_| clients.admit(ip("192.0.2.1"))).collect();
        assert_eq!(inside.iter().flatten().count(), 3);
    }
}
