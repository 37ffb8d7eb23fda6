//! The `[smtp]` section.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use mayfly_runtime::config::ConfigError;
use serde::{Deserialize, Serialize};

/// RFC 5321 4.5.3.1.7: a receiver must take messages of 64 KiB.
const SMALLEST_MESSAGE_LIMIT: u64 = 65_536;

/// RFC 5321 4.5.3.1.8: a receiver must take a hundred recipients.
const SMALLEST_RECIPIENT_LIMIT: u32 = 100;

/// The listener and the limits of receiving mail.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The SMTP listener.
    pub listen: SocketAddr,
    /// The name in the banner; by default the host's name.
    pub hostname: Option<String>,
    /// The certificate for STARTTLS, a PEM file. Without it STARTTLS is not offered.
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key, a PEM file.
    pub tls_key: Option<PathBuf>,
    /// The largest message, in bytes as stored.
    pub max_message_bytes: u64,
    /// The most recipients of one message.
    pub max_recipients: u32,
    /// The most connections at once.
    pub max_connections: u32,
    /// The most connections at once of one IPv4 address or one IPv6 /64; 0 turns the limit off.
    pub max_connections_per_client: u32,
    /// The most message data in memory at once, in bytes, over all sessions.
    pub max_buffered_bytes: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 2525)),
            hostname: None,
            tls_cert: None,
            tls_key: None,
            max_message_bytes: 25 * 1024 * 1024,
            max_recipients: 100,
            max_connections: 1000,
            max_connections_per_client: 50,
            max_buffered_bytes: 256 * 1024 * 1024,
        }
    }
}

impl Config {
    /// Validates what the types cannot express.
    ///
    /// # Errors
    /// Names the key whose value cannot be used.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.max_message_bytes < SMALLEST_MESSAGE_LIMIT {
            let problem = format!("must be at least {SMALLEST_MESSAGE_LIMIT}, as RFC 5321 asks");
            return Err(ConfigError::new("smtp.max_message_bytes", problem));
        }
        if self.max_recipients < SMALLEST_RECIPIENT_LIMIT {
            let problem = format!("must be at least {SMALLEST_RECIPIENT_LIMIT}, as RFC 5321 asks");
            return Err(ConfigError::new("smtp.max_recipients", problem));
        }
        if self.max_connections == 0 {
            return Err(ConfigError::new("smtp.max_connections", "must not be 0"));
        }
        if self.max_buffered_bytes < self.max_message_bytes {
            let problem = "must not be below smtp.max_message_bytes";
            return Err(ConfigError::new("smtp.max_buffered_bytes", problem));
        }
        if self.hostname.as_deref().is_some_and(|name| !is_host_name(name)) {
            return Err(ConfigError::new("smtp.hostname", "is not a host name"));
        }
        Ok(())
    }

    /// Returns the name in replies: the configured one, else the host's, else `localhost`.
    #[must_use]
    pub fn host_name(&self) -> String {
        let detected = || {
            ["/proc/sys/kernel/hostname", "/etc/hostname"]
                .into_iter()
                .filter_map(|path| std::fs::read_to_string(path).ok())
                .map(|name| name.trim().to_owned())
                .find(|name| is_host_name(name))
        };
        self.hostname
            .clone()
            .or_else(detected)
            .unwrap_or_else(|| "localhost".to_owned())
    }
}

/// Returns whether a name is safe in a reply: one word of letters, digits, dots, hyphens and underscores.
fn is_host_name(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validate_rejects_out_of_range_values_by_key() {
        assert!(Config::default().validate().is_ok());
        let valid = Config::default;
        let invalid = [
            (
                "smtp.max_message_bytes",
                Config {
                    max_message_bytes: 65_535,
                    ..valid()
                },
            ),
            (
                "smtp.max_recipients",
                Config {
                    max_recipients: 99,
                    ..valid()
                },
            ),
            (
                "smtp.max_connections",
                Config {
                    max_connections: 0,
                    ..valid()
                },
            ),
            (
                "smtp.max_buffered_bytes",
                Config {
                    max_buffered_bytes: 65_536,
                    ..valid()
                },
            ),
            (
                "smtp.hostname",
                Config {
                    hostname: Some("a b\r\n220 c".to_owned()),
                    ..valid()
                },
            ),
        ];
        for (key, config) in invalid {
            let error = config.validate().unwrap_err().to_string();
            assert!(error.starts_with(key), "{error}");
        }
    }

    #[test]
    fn host_name_defaults_to_the_host() {
        assert!(is_host_name(&Config::default().host_name()));
        let config = Config {
            hostname: Some("mx.mayfly.test".to_owned()),
            ..Config::default()
        };
        assert_eq!(config.host_name(), "mx.mayfly.test");
    }
}
