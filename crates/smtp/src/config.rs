//! The `[smtp]` section.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use ipnet::IpNet;
use mayfly_runtime::{
    config::{ConfigError, ConfigValue, List, Schema, Syntax},
    config_section,
};
use serde::{Deserialize, Serialize};

/// RFC 5321 4.5.3.1.7: a receiver must take messages of 64 KiB.
const SMALLEST_MESSAGE_LIMIT: u64 = 65_536;

/// RFC 5321 4.5.3.1.8: a receiver must take a hundred recipients.
const SMALLEST_RECIPIENT_LIMIT: u32 = 100;

/// A rate that no machine reaches.
const LARGEST_RATE_LIMIT: u32 = 10_000_000;

config_section! {
    /// The `[smtp]` section: the listener that receives mail.
    pub struct Config {
        /// Address of the SMTP listener.
        pub listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 2525)),
        /// Host name in the banner; unset, the name of the machine. The MX records of custom domains name it too, unless
        /// `mailbox.mx_hostname` is set.
        pub hostname: Option<String> = None,
        /// Address of a listener that speaks TLS from the start, such as `0.0.0.0:465`; unset, there is none. Needs a certificate.
        pub tls_listen: Option<SocketAddr> = None,
        /// Makes a self-signed certificate in the data directory when no `tls_cert` is set; for tests that require TLS.
        pub tls_self_signed: bool = false,
        /// Mail that applications send: `auth` captures that of clients that log in with the password of a sandbox or a Pro API token,
        /// `open` captures all mail without a login, `off` takes no logins. Captured mail is for any address and is never relayed.
        pub sandbox: SandboxMode = SandboxMode::Auth,
        /// Allows `smtp.sandbox=open` where SMTP listens beyond loopback: everyone who reaches it can then fill the sandbox.
        pub sandbox_open_anywhere: bool = false,
        /// Address of a listener for mail of applications, such as `0.0.0.0:587`: it requires a login and offers STARTTLS; unset, there is
        /// none. Clients can log in on `smtp.listen` too. The embedded default makes a certificate for it if none is set.
        pub submission_listen: Option<SocketAddr> = None,
        /// The same with TLS from the start, such as `0.0.0.0:465`.
        pub submissions_listen: Option<SocketAddr> = None,
        /// Networks of clients that can log in without TLS: by default this machine and private networks.
        pub auth_without_tls: List<IpNet> = List(login_networks()),
        /// Failed logins a minute of one client with one user name, and ten times as many of one client; 0 turns the limit off. It is
        /// off for `smtp.unlimited_networks` too. Each `smtp` process counts for itself.
        pub login_limit: u32 = 10,
        /// Networks of proxies that begin each connection with a PROXY protocol header (version 1 or 2), whose client address
        /// is used. A connection from them without one is closed.
        pub trusted_proxies: List<IpNet> = List::default(),
        /// PEM file of the certificate chain for STARTTLS; unset, STARTTLS is not offered. Changed files are reloaded.
        pub tls_cert: Option<PathBuf> = None,
        /// PEM file of the certificate's key; set together with `tls_cert`.
        pub tls_key: Option<PathBuf> = None,
        /// A lone CR or LF in a message: `refuse` or `normalize` to CRLF. Normalising lets one hop see another message than the next
        /// (SMTP smuggling), so use it in closed networks only.
        pub bare_newlines: BareNewlines = BareNewlines::Refuse,
        /// Largest message in bytes, as stored; at least 65536.
        pub max_message_bytes: u64 = 25 * 1024 * 1024,
        /// Recipients of one message; at least 100.
        pub max_recipients: u32 = 100,
        /// Connections at one time.
        pub max_connections: u32 = 1000,
        /// Connections at one time of one IPv4 address or one IPv6 /64; 0 turns the limit off.
        pub max_connections_per_client: u32 = 50,
        /// Mails a minute of one IPv4 address or one IPv6 /64; 0 turns the limit off. Each `smtp` process counts for itself.
        pub client_rate_limit: u32 = 600,
        /// Mails a minute for one mailbox, half of them from one client at most; 0 turns the limit off. Each `smtp` process
        /// counts for itself.
        pub mailbox_rate_limit: u32 = 120,
        /// Networks of clients whose mails are not limited by the minute: by default this machine and private networks.
        pub unlimited_networks: List<IpNet> = List(private_networks()),
        /// Message data in memory at one time, in bytes, over all sessions; at least `max_message_bytes`.
        pub max_buffered_bytes: u64 = 256 * 1024 * 1024,
        /// Directory for unnamed temporary files of messages over 256 KiB while they arrive; unset, the data directory of the embedded
        /// default. Elsewhere messages then stay in memory.
        pub spool_dir: Option<PathBuf> = None,
        /// Message data in `spool_dir` at one time, in bytes, over all sessions; beyond it messages stay in memory. 0 turns the spool
        /// off.
        pub max_spooled_bytes: u64 = 1024 * 1024 * 1024,
    }
}

/// Returns the networks of this machine and of private addresses. On a public host the mail of strangers never comes from them,
/// unless a proxy hides the client.
fn private_networks() -> Vec<IpNet> {
    let v4 = [
        ([127, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([172, 16, 0, 0], 12),
        ([192, 168, 0, 0], 16),
    ];
    let v6 = [
        (Ipv6Addr::LOCALHOST, 128),
        (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
        (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    ];
    let v4 = v4.map(|(address, length)| IpNet::new_assert(IpAddr::from(address), length));
    let v6 = v6.map(|(address, length)| IpNet::new_assert(address.into(), length));
    v4.into_iter().chain(v6).collect()
}

/// Returns the networks of this machine and of private addresses (RFC 1918, RFC 4193).
fn login_networks() -> Vec<IpNet> {
    let is_link_local = |network: &IpNet| {
        *network == IpNet::new_assert(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0).into(), 10)
    };
    let mut networks = private_networks();
    networks.retain(|network| !is_link_local(network));
    networks
}

/// Who can send mail to any address, which is captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxMode {
    /// No client.
    Off,
    /// Clients that log in.
    Auth,
    /// Everyone.
    Open,
}

impl ConfigValue for SandboxMode {
    const SCHEMA: Schema = Schema::Value(Syntax::Text, "`off`, `auth` or `open`");
}

/// What happens to a message with a lone CR or LF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BareNewlines {
    /// It is refused, and the connection is closed.
    Refuse,
    /// Each lone CR or LF becomes CRLF. Only `CRLF.CRLF` ends the message.
    Normalize,
}

impl ConfigValue for BareNewlines {
    const SCHEMA: Schema = Schema::Value(Syntax::Text, "`refuse` or `normalize`");
}

impl Config {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// Names the key whose value cannot be used.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.max_message_bytes < SMALLEST_MESSAGE_LIMIT {
            let problem = format!("must be at least {SMALLEST_MESSAGE_LIMIT}, as RFC 5321 requires");
            return Err(ConfigError::new("smtp.max_message_bytes", problem));
        }
        if self.max_recipients < SMALLEST_RECIPIENT_LIMIT {
            let problem = format!("must be at least {SMALLEST_RECIPIENT_LIMIT}, as RFC 5321 requires");
            return Err(ConfigError::new("smtp.max_recipients", problem));
        }
        if self.max_connections == 0 {
            return Err(ConfigError::new("smtp.max_connections", "must be at least 1"));
        }
        for (key, limit) in [
            ("smtp.client_rate_limit", self.client_rate_limit),
            ("smtp.mailbox_rate_limit", self.mailbox_rate_limit),
        ] {
            if limit > LARGEST_RATE_LIMIT {
                let problem = format!("must be at most {LARGEST_RATE_LIMIT}; 0 turns it off");
                return Err(ConfigError::new(key, problem));
            }
        }
        if self.max_buffered_bytes < self.max_message_bytes {
            let problem = "must be at least smtp.max_message_bytes";
            return Err(ConfigError::new("smtp.max_buffered_bytes", problem));
        }
        if let Some(directory) = self.spool_dir.as_deref().filter(|directory| !directory.is_dir()) {
            let problem = format!("{} is not a directory", directory.display());
            return Err(ConfigError::new("smtp.spool_dir", problem));
        }
        if self.tls_listen.is_some() && self.tls_cert.is_none() && !self.tls_self_signed {
            let problem = "needs smtp.tls_cert and smtp.tls_key, or smtp.tls_self_signed";
            return Err(ConfigError::new("smtp.tls_listen", problem));
        }
        let is_beyond_loopback = |address: &SocketAddr| !address.ip().is_loopback();
        if self.sandbox == SandboxMode::Open
            && !self.sandbox_open_anywhere
            && self.listeners().iter().any(is_beyond_loopback)
        {
            let problem = "is `open` and SMTP listens beyond loopback: everyone who reaches it could fill the sandbox; set \
                           smtp.sandbox_open_anywhere=true if only you do";
            return Err(ConfigError::new("smtp.sandbox", problem));
        }
        if self.sandbox != SandboxMode::Auth
            && (self.submission_listen.is_some() || self.submissions_listen.is_some())
        {
            let problem = "must be `auth` with smtp.submission_listen or smtp.submissions_listen, which require a login";
            return Err(ConfigError::new("smtp.sandbox", problem));
        }
        if self.tls_self_signed && self.tls_cert.is_some() {
            let problem = "cannot be set together with smtp.tls_cert";
            return Err(ConfigError::new("smtp.tls_self_signed", problem));
        }
        if self.hostname.as_deref().is_some_and(|name| !is_host_name(name)) {
            return Err(ConfigError::new("smtp.hostname", "is not a host name"));
        }
        Ok(())
    }

    /// Returns the addresses of all listeners.
    #[must_use]
    pub fn listeners(&self) -> Vec<SocketAddr> {
        let others = [self.tls_listen, self.submission_listen, self.submissions_listen];
        std::iter::once(self.listen)
            .chain(others.into_iter().flatten())
            .collect()
    }

    /// Tells whether a listener needs a certificate that is not configured.
    #[must_use]
    pub fn lacks_certificate(&self) -> bool {
        let has_listener = self.submission_listen.is_some() || self.submissions_listen.is_some();
        has_listener && self.tls_cert.is_none() && !self.tls_self_signed
    }

    /// Returns the configured host name, else the name of the machine, else `localhost`.
    #[must_use]
    pub fn host_name(&self) -> String {
        let machine = || {
            ["/proc/sys/kernel/hostname", "/etc/hostname"]
                .into_iter()
                .filter_map(|path| std::fs::read_to_string(path).ok())
                .map(|name| name.trim().to_owned())
                .find(|name| is_host_name(name))
        };
        self.hostname
            .clone()
            .or_else(machine)
            .unwrap_or_else(|| "localhost".to_owned())
    }
}

/// Tells whether a name is safe in a reply: one word of letters, digits, dots, hyphens and underscores.
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
    fn validate_out_of_bounds_names_the_key() {
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
                "smtp.mailbox_rate_limit",
                Config {
                    mailbox_rate_limit: LARGEST_RATE_LIMIT + 1,
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
                "smtp.spool_dir",
                Config {
                    spool_dir: Some(PathBuf::from("/absent")),
                    ..valid()
                },
            ),
            (
                "smtp.tls_listen",
                Config {
                    tls_listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
                    ..valid()
                },
            ),
            (
                "smtp.tls_self_signed",
                Config {
                    tls_self_signed: true,
                    tls_cert: Some(PathBuf::from("cert.pem")),
                    ..valid()
                },
            ),
            (
                "smtp.sandbox",
                Config {
                    sandbox: SandboxMode::Open,
                    listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 2525)),
                    ..valid()
                },
            ),
            (
                "smtp.sandbox",
                Config {
                    sandbox: SandboxMode::Off,
                    submission_listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 587))),
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
    fn host_name_falls_back_to_the_machine() {
        assert!(is_host_name(&Config::default().host_name()));
        let config = Config {
            hostname: Some("mx.mayfly.test".to_owned()),
            ..Config::default()
        };
        assert_eq!(config.host_name(), "mx.mayfly.test");
    }
}
