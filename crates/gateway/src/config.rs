//! The `[gateway]` section.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use mayfly_runtime::config::{ConfigError, List, Span};
use serde::{Deserialize, Serialize};

/// How the gateway listens and what it lets through.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where HTTP listens.
    pub listen: SocketAddr,
    /// Requests a second for each client address, with a burst of twice as many; 0 turns the limit off.
    pub rate_limit: u32,
    /// Failed sign-ins a minute for each account, and ten times as many for each client address; 0 turns the limit off.
    pub sign_in_limit: u32,
    /// Networks of proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: List<IpNet>,
    /// Names that `Host` may have besides those of this machine, where HTTP listens on loopback without TLS.
    pub allowed_hosts: List<String>,
    /// PEM file of the certificate chain; absent is HTTP.
    pub tls_cert: Option<PathBuf>,
    /// PEM file of the certificate's key.
    pub tls_key: Option<PathBuf>,
    /// Connections at one time; more wait to be accepted.
    pub max_connections: u32,
    /// WebSockets, event streams and waits at one time; more are refused.
    pub max_streams: u32,
    /// How often WebSockets are pinged: 1 s to 10 min. A client that says nothing for twice as long is left.
    pub ping_interval: Span,
    /// Origins whose pages may open WebSockets, such as `https://app.example`; empty is the gateway's own origin.
    pub allowed_origins: List<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            rate_limit: 8,
            sign_in_limit: 10,
            trusted_proxies: List::default(),
            allowed_hosts: List::default(),
            tls_cert: None,
            tls_key: None,
            max_connections: 10_000,
            max_streams: 20_000,
            ping_interval: Span(Duration::from_secs(30)),
            allowed_origins: List::default(),
        }
    }
}

impl Config {
    /// Checks what types alone cannot say.
    ///
    /// # Errors
    /// Names the key that cannot be used.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.max_connections == 0 {
            return Err(ConfigError::new("gateway.max_connections", "must be at least 1"));
        }
        let is_name = |name: &String| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-.[]:".contains(&byte))
        };
        if !self.allowed_hosts.0.iter().all(is_name) {
            return Err(ConfigError::new(
                "gateway.allowed_hosts",
                "must be names of hosts, without scheme or port",
            ));
        }
        for (key, limit) in [
            ("gateway.rate_limit", self.rate_limit),
            ("gateway.sign_in_limit", self.sign_in_limit),
        ] {
            if limit > 1_000_000 {
                return Err(ConfigError::new(key, "must be at most 1000000; 0 turns it off"));
            }
        }
        if self.max_streams == 0 {
            return Err(ConfigError::new("gateway.max_streams", "must be at least 1"));
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(600)).contains(&self.ping_interval.0) {
            return Err(ConfigError::new(
                "gateway.ping_interval",
                "must be from 1s to 10m",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_too_large_is_named() {
        for (key, set) in [
            (
                "gateway.rate_limit",
                (|config| config.rate_limit = 1_000_001) as fn(&mut Config),
            ),
            ("gateway.sign_in_limit", |config| {
                config.sign_in_limit = 1_000_001;
            }),
        ] {
            let mut config = Config::default();
            config.validate().unwrap();
            set(&mut config);
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
