//! Which addresses may be dialled: those that are global by allocation, whatever they are wrapped in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Tells whether an address may be dialled: it is global, or the operator allows its network.
pub(crate) fn is_allowed(address: IpAddr, allowed: &[IpNet]) -> bool {
    let address = address.to_canonical();
    is_global(address) || allowed.iter().any(|network| network.contains(&address))
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
    begins(0x2000 << 112, 3) && !is_special && !is_isatap_of_private(address)
}

/// ISATAP (RFC 5214) ends any prefix with `0:5efe` or `200:5efe` and an IPv4 address.
fn is_isatap_of_private(address: Ipv6Addr) -> bool {
    let [.., a, b, c, d] = address.segments();
    let inner = Ipv4Addr::from_bits((u32::from(c) << 16) | u32::from(d));
    matches!((a, b), (0 | 0x200, 0x5efe)) && !is_global_v4(inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn denied_v4() -> impl Strategy<Value = Ipv4Addr> {
        (0..NOT_GLOBAL.len(), any::<u32>()).prop_map(|(at, host)| {
            let (network, bits) = NOT_GLOBAL[at];
            Ipv4Addr::from_bits(network.to_bits() | (host & (u32::MAX >> bits)))
        })
    }

    /// Every way to put an IPv4 address into an IPv6 one that a translator or a tunnel may take out again.
    fn wrappings(inner: Ipv4Addr) -> Vec<Ipv6Addr> {
        let v4 = u128::from(inner.to_bits());
        let put = |prefix: u128, shift: u32| Ipv6Addr::from_bits(prefix | (v4 << shift));
        vec![
            inner.to_ipv6_mapped(),
            put(0, 0),
            put(0xffff << 48, 0),
            put(0x0064_ff9b << 96, 0),
            put(0x0064_ff9b_0001 << 80, 0),
            put(0x2002 << 112, 80),
            put(0x2001 << 112, 64),
            Ipv6Addr::from_bits((0x2001 << 112) | (v4 ^ 0xffff_ffff)),
            put((0x2600_0000_0000_0001 << 64) | (0x5efe << 32), 0),
            put((0x2600_0000_0000_0001 << 64) | (0x0200_5efe << 32), 0),
            put((0xfe80 << 112) | (0x5efe << 32), 0),
        ]
    }

    proptest! {
        #[test]
        fn what_is_denied_is_denied_in_every_wrapping(inner in denied_v4()) {
            prop_assert!(!is_allowed(inner.into(), &[]), "{inner}");
            for wrapped in wrappings(inner) {
                prop_assert!(!is_allowed(wrapped.into(), &[]), "{inner} as {wrapped}");
            }
        }
    }

    #[test]
    fn global_addresses_pass_and_the_rest_does_not() {
        for text in [
            "1.1.1.1",
            "100.63.0.1",
            "172.32.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
            "::ffff:1.1.1.1",
        ] {
            assert!(is_allowed(text.parse().unwrap(), &[]), "{text}");
        }
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.168.0.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:a00:1::",
            "3fff::1",
            "64:ff9b::7f00:1",
            "::127.0.0.1",
            "4000::1",
        ] {
            assert!(!is_allowed(text.parse().unwrap(), &[]), "{text}");
        }
        let allowed = ["127.0.0.0/8".parse().unwrap()];
        assert!(is_allowed("127.0.0.1".parse().unwrap(), &allowed));
        assert!(is_allowed("::ffff:127.0.0.1".parse().unwrap(), &allowed));
        assert!(!is_allowed("10.0.0.1".parse().unwrap(), &allowed));
    }
}
