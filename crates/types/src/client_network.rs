//! What counts as one client for limits.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Returns the network that limits count as one client: an IPv4 address, or the /64 of an IPv6 address, because a host with
/// one address of a /64 can use all of them. An IPv4-mapped IPv6 address is its IPv4 address.
#[must_use]
pub fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

/// Returns the network in which one operator can have many clients: the /24 of an IPv4 address, the /48 of an IPv6 address.
#[must_use]
pub fn wider_network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & !0xff).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> 48)).into(),
    }
}

/// The network of a client as users see it: enough to recognise a place, too little to name a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientPrefix(IpAddr);

impl ClientPrefix {
    /// Returns the prefix of an address: see [`wider_network`].
    #[must_use]
    pub fn of(client: IpAddr) -> Self {
        Self(wider_network(client))
    }

    /// Returns the first address of the network.
    #[must_use]
    pub fn network(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for ClientPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = if self.0.is_ipv4() { 24 } else { 48 };
        write!(f, "{}/{bits}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_prefix_prints_network_with_length() {
        for (client, prefix) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ] {
            assert_eq!(ClientPrefix::of(client.parse().unwrap()).to_string(), prefix);
        }
    }

    #[test]
    fn client_network_folds_ipv6_to_its_prefix() {
        for (address, network) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("::1", "::"),
        ] {
            let [address, network] = [address, network].map(|text| text.parse::<IpAddr>().unwrap());
            assert_eq!(client_network(address), network);
        }
    }

    #[test]
    fn wider_network_of_address_is_its_24_or_48() {
        for (client, network) in [
            ("192.0.2.77", "192.0.2.0"),
            ("::ffff:192.0.2.77", "192.0.2.0"),
            ("2001:db8:1:2::", "2001:db8:1::"),
        ] {
            let [client, network] = [client, network].map(|text| text.parse::<IpAddr>().unwrap());
            assert_eq!(wider_network(client), network);
        }
    }
}
