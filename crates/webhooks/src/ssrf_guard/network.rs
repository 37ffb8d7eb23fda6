//! Networks in the notation of the configuration.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::{IpNet, Ipv4Net};
use mayfly_runtime::config::{ConfigValue, Schema, Syntax};

/// A network (`10.0.0.0/8`) or a single address. An IPv4-mapped network (`::ffff:10.0.0.0/104`) is its IPv4 network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl ConfigValue for Network {
    const SCHEMA: Schema = Schema::Value(Syntax::Text, "IP address, or network such as `10.0.0.0/8`");
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let network = match text.parse::<IpAddr>() {
            Ok(address) => address.into(),
            Err(_) => text
                .parse::<IpNet>()
                .map_err(|_| "neither an address nor a network such as 10.0.0.0/8")?,
        };
        let bits = network.prefix_len().checked_sub(96);
        Ok(Self(match (network.addr().to_canonical(), bits) {
            (IpAddr::V4(address), Some(bits)) => Ipv4Net::new(address, bits).map_or(network, IpNet::V4),
            _ => network,
        }))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_network_accepts_cidr_and_addresses() {
        for (written, read) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("203.0.113.7", "203.0.113.7/32"),
            ("2001:db8::7", "2001:db8::7/128"),
            ("::ffff:203.0.113.7", "203.0.113.7/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:0.0.0.0/96", "0.0.0.0/0"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(written.parse::<Network>().unwrap().to_string(), read);
        }
        for written in [
            "",
            "10.0.0.0/33",
            "10.0.0",
            "10.0.0.0/",
            "example.com",
            "2001:db8::/129",
        ] {
            assert!(written.parse::<Network>().is_err(), "{written}");
        }
    }
}
