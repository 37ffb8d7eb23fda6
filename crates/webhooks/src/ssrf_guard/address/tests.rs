//! Forbidden addresses in every transition format, and the networks of the operator.

use ipnet::Ipv4Net;
use proptest::prelude::*;

use super::*;

fn rules(allowed: &str, denied: &str) -> Rules {
    let networks = |text: &str| {
        let networks = text.split_whitespace();
        networks.map(|network| network.parse().unwrap()).collect()
    };
    Rules {
        allowed_networks: networks(allowed),
        denied_networks: networks(denied),
        allow_http: false,
    }
}

fn passes(address: &str, rules: &Rules) -> bool {
    is_allowed(address.parse().unwrap(), rules)
}

fn special_v4() -> impl Strategy<Value = Ipv4Addr> {
    (0..NOT_GLOBAL.len(), any::<u32>()).prop_map(|(at, host)| {
        let (network, bits) = NOT_GLOBAL[at];
        Ipv4Addr::from_bits(network.to_bits() | (host & (u32::MAX >> bits)))
    })
}

/// Every IPv6 transition address that embeds an IPv4 address.
fn transitions(inner: Ipv4Addr) -> Vec<Ipv6Addr> {
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
    fn is_allowed_rejects_special_networks_in_every_format(inner in special_v4()) {
        prop_assert!(!is_allowed(inner.into(), &Rules::default()), "{inner}");
        for outer in transitions(inner) {
            prop_assert!(!is_allowed(outer.into(), &Rules::default()), "{inner} in {outer}");
        }
    }
}

#[test]
fn is_allowed_accepts_global_addresses_only() {
    for text in [
        "1.1.1.1",
        "100.63.0.1",
        "172.32.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00::1",
        "::ffff:1.1.1.1",
    ] {
        assert!(passes(text, &Rules::default()), "{text}");
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
        assert!(!passes(text, &Rules::default()), "{text}");
    }
    let rules = rules("127.0.0.0/8", "");
    assert!(passes("127.0.0.1", &rules));
    assert!(passes("::ffff:127.0.0.1", &rules));
    assert!(!passes("10.0.0.1", &rules));
}

proptest! {
    /// Any IPv4 address, even with every network allowed.
    #[test]
    fn is_allowed_rejects_denied_networks_in_every_format(
        inner in any::<u32>(), host in any::<u32>(), bits in 1..=32_u8,
    ) {
        let denied = Ipv4Net::new(Ipv4Addr::from_bits(inner), bits).unwrap();
        let inner = Ipv4Addr::from_bits(denied.network().to_bits() | (host & denied.hostmask().to_bits()));
        let mapped = format!("{}/{}", denied.addr().to_ipv6_mapped(), bits + 96);
        for denied in [denied.to_string(), mapped] {
            let rules = rules("0.0.0.0/0 ::/0", &denied);
            prop_assert!(!is_allowed(inner.into(), &rules), "{inner}");
            for outer in transitions(inner) {
                prop_assert!(!is_allowed(outer.into(), &rules), "{inner} in {outer} by {denied}");
            }
        }
    }
}

#[test]
fn is_allowed_gives_denied_networks_precedence() {
    // Host bits are ignored.
    let strict = rules("", "9.9.9.9/8 2620:fe::/48");
    for denied in [
        "9.0.0.0",
        "9.255.255.255",
        "::ffff:9.9.9.9",
        "2620:fe::9",
        "2606:4700::5efe:909:909",
        "2606:4700::200:5efe:909:909",
    ] {
        assert!(!passes(denied, &strict), "{denied}");
    }
    for passed in [
        "8.255.255.255",
        "11.0.0.0",
        "2620:fe:1::9",
        "2606:4700::5efe:808:808",
    ] {
        assert!(passes(passed, &strict), "{passed}");
    }
    let mixed = rules(
        "10.0.0.0/8 ::ffff:172.16.0.0/108 64:ff9b::/96",
        "10.9.0.0/16 ::/8",
    );
    for (address, is_accepted) in [
        ("10.1.0.1", true),
        ("10.9.0.1", false),
        ("172.16.0.1", true),
        ("172.32.0.1", true),
        ("192.168.0.1", false),
        // Outside the denied IPv6 networks.
        ("1.1.1.1", true),
        ("64:ff9b::1.1.1.1", false),
    ] {
        assert_eq!(passes(address, &mixed), is_accepted, "{address}");
    }
}

#[test]
fn is_allowed_rejects_own_address_unless_allowed() {
    assert!(is_own(Ipv4Addr::LOCALHOST.into()) && is_own(Ipv6Addr::LOCALHOST.into()));
    assert!(!is_own("192.0.2.1".parse().unwrap()) && !is_own("2001:db8::1".parse().unwrap()));
    let address = "1.1.1.1".parse().unwrap();
    for (allowed, denied, is_own, is_accepted) in [
        ("", "", false, true),
        ("", "", true, false),
        ("1.1.1.1/32", "", true, true),
        ("1.1.1.1/32", "1.0.0.0/8", true, false),
    ] {
        let has_address: fn(IpAddr) -> bool = if is_own { |_| true } else { |_| false };
        assert_eq!(
            is_allowed_with(address, &rules(allowed, denied), has_address),
            is_accepted
        );
    }
}
