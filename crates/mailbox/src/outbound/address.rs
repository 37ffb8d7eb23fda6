//! Which addresses may be dialled: those that are global by allocation, whatever they are wrapped in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use super::{network::Network, target::Rules};

/// Tells whether an address may be dialled. What the operator denies may not, be it within another address; else what is
/// global and not this machine's own may, and what the operator allows.
pub(crate) fn is_allowed(address: IpAddr, rules: &Rules) -> bool {
    judge(address, rules, is_own)
}

fn judge(address: IpAddr, rules: &Rules, is_own: fn(IpAddr) -> bool) -> bool {
    let address = address.to_canonical();
    let denied = &rules.denied_networks;
    if contain(denied, address) || wrapped(address).any(|inner| contain(denied, inner.into())) {
        return false;
    }
    contain(&rules.allowed_networks, address) || (is_global(address) && !is_own(address))
}

/// Tells whether one of these networks has an address.
pub(super) fn contain(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(address))
}

/// Tells whether this machine has an address now: only then is it what packets to it would come from. Nothing is sent.
fn is_own(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let from = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((address, 443))?;
        socket.local_addr()
    });
    // Where there is no way to it, nothing can be dialled either.
    from.is_ok_and(|from| from.ip() == address)
}

fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

/// Networks of IPv4 that are not global unicast (IANA's registry of special addresses, and multicast).
const NOT_GLOBAL: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

fn is_global_v4(address: Ipv4Addr) -> bool {
    !NOT_GLOBAL
        .iter()
        .any(|(network, bits)| (address.to_bits() ^ network.to_bits()) >> (32 - bits) == 0)
}

/// Only what is given out to be global, without what wraps an IPv4 address there: 6to4 and Teredo (in 2001::/23). Those
/// outside of 2000::/3 (NAT64, compatible) are refused with all the rest.
fn is_global_v6(address: Ipv6Addr) -> bool {
    let begins = |network: u128, bits: u32| (address.to_bits() ^ network) >> (128 - bits) == 0;
    let is_special = begins(0x2001 << 112, 23)
        || begins(0x2001_0db8 << 96, 32)
        || begins(0x2002 << 112, 16)
        || begins(0x3fff << 112, 20);
    begins(0x2000 << 112, 3) && !is_special && wrapped(address.into()).all(is_global_v4)
}

const fn first(bits: u32) -> u128 {
    !(u128::MAX >> bits)
}

/// Addresses with an IPv4 address in them: the bits that tell and which these are, how far from the end the other is, and
/// what it is mixed with.
const WRAPPINGS: [(u128, u128, u32, u32); 8] = [
    // Compatible (RFC 4291), and translated without state (RFC 2765).
    (0, first(96), 0, 0),
    (0xffff << 48, first(96), 0, 0),
    // NAT64 (RFC 6052), and its local prefix (RFC 8215).
    (0x0064_ff9b << 96, first(96), 0, 0),
    (0x0064_ff9b_0001 << 80, first(48), 0, 0),
    // 6to4 (RFC 3056).
    (0x2002 << 112, first(16), 80, 0),
    // Teredo (RFC 4380): the server, and the client's in disguise.
    (0x2001 << 112, first(32), 64, 0),
    (0x2001 << 112, first(32), 0, u32::MAX),
    // ISATAP (RFC 5214): any prefix, then `0:5efe` or `200:5efe`.
    (0x5efe << 32, 0xfdff_ffff << 32, 0, 0),
];

/// Returns the IPv4 addresses that a translator or a tunnel may take out of an IPv6 one.
fn wrapped(address: IpAddr) -> impl Iterator<Item = Ipv4Addr> {
    let bits = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(address.to_bits()),
    };
    bits.into_iter().flat_map(|bits| {
        let fitting = WRAPPINGS
            .iter()
            .filter(move |(network, mask, ..)| bits & mask == *network);
        fitting.map(move |(_, _, shift, mixed)| {
            let [.., a, b, c, d] = (bits >> shift).to_be_bytes();
            Ipv4Addr::from_bits(u32::from_be_bytes([a, b, c, d]) ^ mixed)
        })
    })
}

#[cfg(test)]
mod tests;
