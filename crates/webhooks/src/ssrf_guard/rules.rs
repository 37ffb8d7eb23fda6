//! What the operator allows and denies besides the defaults.

use std::net::IpAddr;

use super::network::Network;

/// The operator's rules for webhook targets. The default allows public HTTPS targets only.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    pub(crate) allowed_networks: Vec<Network>,
    /// Takes precedence over everything else.
    pub(crate) denied_networks: Vec<Network>,
    pub(crate) allow_http: bool,
}

impl Rules {
    pub(super) fn allow(&self, address: IpAddr) -> bool {
        contains(&self.allowed_networks, address)
    }

    /// Returns whether the operator allows networks, and the address is in none of them nor in a denied one.
    pub(super) fn is_missing(&self, address: IpAddr) -> bool {
        !self.allowed_networks.is_empty() && !self.allow(address) && !self.deny(address)
    }

    pub(super) fn deny(&self, address: IpAddr) -> bool {
        contains(&self.denied_networks, address)
    }
}

fn contains(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(address))
}
