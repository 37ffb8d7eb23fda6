//! Checks which addresses may be connected to: globally allocated unicast, also when embedded in an IPv6 transition address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use super::rules::Rules;

/// Returns whether an address may be connected to. Denied networks take precedence and cover embedded addresses. Otherwise
/// allowed networks pass, and so does every global address that is not this machine's own.
pub(crate) fn is_allowed(address: IpAddr, rules: &Rules) -> bool {
    is_allowed_with(address, rules, is_own)
}

fn is_allowed_with(address: IpAddr, rules: &Rules, is_own: fn(IpAddr) -> bool) -> bool {
    let address = address.to_canonical();
    if rules.deny(address) || embedded(address).any(|inner| rules.deny(inner.into())) {
        return false;
    }
    rules.allow(address) || (is_global(address) && !is_own(address))
}

/// Returns whether this machine has the address: packets to an own address have it as their source too. A connected UDP socket
/// sends nothing.
fn is_own(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let from = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((address, 443))?;
        socket.local_addr()
    });
    // Without a route there is no connection either.
    from.is_ok_and(|from| from.ip() == address)
}

fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

/// IPv4 networks that are not global unicast (IANA special-purpose registry, and multicast).
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

/// Accepts global unicast (2000::/3) without the transition addresses in it: 6to4, and Teredo in 2001::/23. Transition
/// addresses outside 2000::/3 (NAT64, IPv4-compatible) are refused with everything else there.
fn is_global_v6(address: Ipv6Addr) -> bool {
    let begins = |network: u128, bits: u32| (address.to_bits() ^ network) >> (128 - bits) == 0;
    let is_special = begins(0x2001 << 112, 23)
        || begins(0x2001_0db8 << 96, 32)
        || begins(0x2002 << 112, 16)
        || begins(0x3fff << 112, 20);
    begins(0x2000 << 112, 3) && !is_special && embedded(address.into()).all(is_global_v4)
}

const fn first(bits: u32) -> u128 {
    !(u128::MAX >> bits)
}

/// Prefixes of IPv6 addresses that embed an IPv4 address: value, mask, right shift to the IPv4 bits, and XOR mask.
const TRANSITIONS: [(u128, u128, u32, u32); 8] = [
    // IPv4-compatible (RFC 4291), and IPv4-translated (RFC 2765).
    (0, first(96), 0, 0),
    (0xffff << 48, first(96), 0, 0),
    // NAT64 (RFC 6052), and its local prefix (RFC 8215).
    (0x0064_ff9b << 96, first(96), 0, 0),
    (0x0064_ff9b_0001 << 80, first(48), 0, 0),
    // 6to4 (RFC 3056).
    (0x2002 << 112, first(16), 80, 0),
    // Teredo (RFC 4380): the server, and the obfuscated client.
    (0x2001 << 112, first(32), 64, 0),
    (0x2001 << 112, first(32), 0, u32::MAX),
    // ISATAP (RFC 5214): any prefix, then `0:5efe` or `200:5efe`.
    (0x5efe << 32, 0xfdff_ffff << 32, 0, 0),
];

/// Returns the IPv4 addresses that a translator or a tunnel may extract from an IPv6 address.
fn embedded(address: IpAddr) -> impl Iterator<Item = Ipv4Addr> {
    let bits = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(address.to_bits()),
    };
    bits.into_iter().flat_map(|bits| {
        let matching = TRANSITIONS
            .iter()
            .filter(move |(network, mask, ..)| bits & mask == *network);
        matching.map(move |(_, _, shift, xor)| {
            let [.., a, b, c, d] = (bits >> shift).to_be_bytes();
            Ipv4Addr::from_bits(u32::from_be_bytes([a, b, c, d]) ^ xor)
        })
    })
}

#[cfg(test)]
mod tests;
