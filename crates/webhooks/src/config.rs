//! The `[webhooks]` section.

use mayfly_runtime::{config::List, config_section};

use crate::ssrf_guard::Network;

config_section! {
    /// The `[webhooks]` section: where webhooks can be delivered.
    pub struct Config {
        /// Networks that are not public in which receivers are allowed, for development.
        pub allowed_networks: List<Network> = List::default(),
        /// Networks and addresses in which no receiver is allowed, such as your own public ones; wins over
        /// `allowed_networks`.
        pub denied_networks: List<Network> = List::default(),
        /// Allows receivers without TLS, for development.
        pub allow_http: bool = false,
    }
}
