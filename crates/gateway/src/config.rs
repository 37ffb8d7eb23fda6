//! The `[gateway]` section.

mod captcha;
mod dialect;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use mayfly_runtime::{
    config::{ConfigDuration, ConfigError, List, Secret, secret_text},
    config_section,
};

pub use self::{captcha::Captcha, dialect::Dialect};
use crate::{app::proof_of_work::MAX_BITS, edge::base_path};

config_section! {
    /// The `[gateway]` section: HTTP, WebSocket, event streams and the web page.
    pub struct Config {
        /// Address of the HTTP listener.
        pub listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
        /// APIs that are served beside the bearer API, by the name of the service whose clients speak them.
        pub dialects: List<Dialect> = List(vec![Dialect::MailTm, Dialect::MailTd]),
        /// Requests a second for each client address, with a burst of twice as many; 0 turns the limit off.
        pub rate_limit: u32 = 8,
        /// Failed sign-ins a minute for each account, and ten times as many for each client address; 0 turns the limit
        /// off.
        pub sign_in_limit: u32 = 10,
        /// Mailboxes that each client address without a Pro token can create in a day, and ten times as many its /24 or /48; 0
        /// turns the limit off. 200 suits a public host.
        pub create_limit: u32 = 0,
        /// Leading zero bits of the proof of work that creating a mailbox without a Pro token needs, up to 24; 0 turns it off.
        /// Each 20 mailboxes of a client, or 200 of its network, within 10 minutes need one more.
        pub pow_bits: u32 = 0,
        /// Captcha that creating a mailbox without a Pro token needs, `off` or `altcha`. The page solves it; other clients send the
        /// solution in `X-Captcha`.
        pub captcha: Captcha = Captcha::Off,
        /// URL that checks the answers of captchas of another service, in the form of `siteverify`; unset, there are none. Creating a mailbox
        /// without a Pro token then needs an answer in `X-Captcha`, which the page does not send.
        pub captcha_verify_url: Option<String> = None,
        /// Secret that is sent to `captcha_verify_url`.
        pub captcha_verify_secret: Option<Secret> = None,
        /// File with the secret for `captcha_verify_url`.
        pub captcha_verify_secret_file: Option<PathBuf> = None,
        /// Networks of proxies whose `X-Forwarded-For` is trusted.
        pub trusted_proxies: List<IpNet> = List::default(),
        /// Additional `Host` names, without scheme or port, when HTTP listens on loopback without TLS; a name that is
        /// neither listed nor this machine's gets 421.
        pub allowed_hosts: List<String> = List::default(),
        /// PEM file of the certificate chain; unset, the listener speaks plain HTTP. Changed files are reloaded.
        pub tls_cert: Option<PathBuf> = None,
        /// PEM file of the certificate's key; set together with `tls_cert`.
        pub tls_key: Option<PathBuf> = None,
        /// Automatic HTTPS.
        pub acme: mayfly_acme::Config = mayfly_acme::Config::default(),
        /// Path that the server is under, such as `/mail` on a host with other sites; empty is the root. Requests are accepted with
        /// it and without it.
        pub base_path: String = String::new(),
        /// Connections at one time in this process, WebSockets included; more get 503. The last tenth is for clients with few.
        pub max_connections: u32 = 10_000,
        /// Connections at one time of one IPv4 address or one IPv6 /64, except of trusted proxies; more get 429. 0 turns the
        /// limit off.
        pub max_connections_per_client: u32 = 1000,
        /// How long a connection can be idle between two requests, 1 s to 1 h; longer than the idle time-out of a load
        /// balancer in front (60 s for most).
        pub keep_alive_timeout: ConfigDuration = ConfigDuration::from_secs(75),
        /// WebSockets, event streams and waits at one time in this process; more are rejected.
        pub max_streams: u32 = 20_000,
        /// Interval of WebSocket pings, 1 s to 10 min. A client that sends nothing for twice as long is disconnected.
        pub ping_interval: ConfigDuration = ConfigDuration::from_secs(30),
        /// Origins whose pages can open WebSockets and call `/mcp`, such as `https://app.example`; empty allows the gateway's own origin.
        pub allowed_origins: List<String> = List::default(),
        /// Whether agents can use `/mcp`.
        pub mcp: bool = true,
        /// URLs of the authorization servers that `/mcp` names to its clients; empty names none.
        pub mcp_authorization_servers: List<String> = List::default(),
    }
}

impl Config {
    /// Returns the secret for `captcha_verify_url`.
    ///
    /// # Errors
    /// When it is set twice, or its file cannot be read.
    pub(crate) fn captcha_verify_secret(&self) -> Result<Option<String>, ConfigError> {
        secret_text(
            "gateway.captcha_verify_secret",
            self.captcha_verify_secret.as_ref(),
            self.captcha_verify_secret_file.as_ref(),
        )
    }

    /// Checks what types cannot.
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
            ("gateway.create_limit", self.create_limit),
        ] {
            if limit > 1_000_000 {
                return Err(ConfigError::new(key, "must be at most 1000000; 0 turns it off"));
            }
        }
        if let Some(problem) = base_path::problem(&self.base_path) {
            return Err(ConfigError::new("gateway.base_path", problem));
        }
        if self.pow_bits > MAX_BITS {
            return Err(ConfigError::new(
                "gateway.pow_bits",
                "must be at most 24; 0 turns it off",
            ));
        }
        let is_url = |url: &String| {
            url.parse::<http::Uri>().is_ok_and(|url| {
                url.host().is_some() && url.scheme_str().is_some_and(|scheme| scheme.starts_with("http"))
            })
        };
        if !self.mcp_authorization_servers.0.iter().all(is_url) {
            return Err(ConfigError::new(
                "gateway.mcp_authorization_servers",
                "must be URLs with https:// or http://",
            ));
        }
        if !self.captcha_verify_url.iter().all(is_url) {
            return Err(ConfigError::new(
                "gateway.captcha_verify_url",
                "must be a URL with https:// or http://",
            ));
        }
        if self.captcha_verify_url.is_some() && self.captcha != Captcha::Off {
            return Err(ConfigError::new(
                "gateway.captcha_verify_url",
                "set it or gateway.captcha, not both",
            ));
        }
        self.captcha_verify_secret()?;
        if self.max_streams == 0 {
            return Err(ConfigError::new("gateway.max_streams", "must be at least 1"));
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&self.keep_alive_timeout.0) {
            return Err(ConfigError::new(
                "gateway.keep_alive_timeout",
                "must be from 1s to 1h",
            ));
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(600)).contains(&self.ping_interval.0) {
            return Err(ConfigError::new(
                "gateway.ping_interval",
                "must be from 1s to 10m",
            ));
        }
        if self.acme.is_on() && self.tls_cert.is_some() {
            return Err(ConfigError::new(
                "gateway.tls_cert",
                "cannot be set together with gateway.acme.domains",
            ));
        }
        self.acme.validate()
    }

    /// Tells whether the listener speaks TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls_cert.is_some() || self.acme.is_on()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validate_limit_above_maximum_names_the_key() {
        for (key, set) in [
            (
                "gateway.rate_limit",
                (|config| config.rate_limit = 1_000_001) as fn(&mut Config),
            ),
            ("gateway.sign_in_limit", |config| {
                config.sign_in_limit = 1_000_001;
            }),
            ("gateway.pow_bits", |config| config.pow_bits = 25),
            ("gateway.mcp_authorization_servers", |config| {
                config.mcp_authorization_servers = List(vec!["sign-in.example".to_owned()]);
            }),
            ("gateway.captcha_verify_url", |config| {
                config.captcha_verify_url = Some("captcha.example".to_owned());
            }),
            ("gateway.captcha_verify_url", |config| {
                config.captcha_verify_url = Some("https://captcha.example".to_owned());
                config.captcha = Captcha::Altcha;
            }),
            ("gateway.base_path", |config| {
                config.base_path = "/mail/".to_owned();
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
