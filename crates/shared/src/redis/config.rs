//! The `[redis]` section.

use std::path::PathBuf;

use ::redis::{
    Client, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, TlsMode,
    cluster::ClusterClient,
    sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType},
};
use mayfly_runtime::{
    config::{ConfigError, Secret, secret_text},
    config_section,
};

config_section! {
    /// The `[redis]` section: Redis or Valkey.
    pub struct RedisConfig {
        /// URL of Redis 7 or Valkey: `redis://:password@host:port`, or `rediss://…` for TLS.
        /// `redis+sentinel://:password@host:port,host:port/name` asks sentinels for the master called `name`;
        /// `redis+cluster://:password@host:port,host:port` is a cluster. Both accept `rediss+…` too. Required when
        /// the roles are split.
        pub url: Option<Secret> = None,
        /// File with the URL.
        pub url_file: Option<PathBuf> = None,
    }
}

/// The topology of the servers.
pub(super) enum Topology {
    Single(Box<Client>),
    Sentinel(Box<SentinelClient>),
    /// With its seed nodes.
    Cluster(Box<ClusterClient>, Vec<ConnectionInfo>),
}

impl RedisConfig {
    /// Returns whether Redis is configured.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.url.is_some() || self.url_file.is_some()
    }

    /// Validates the section.
    ///
    /// # Errors
    /// Names the invalid key. The error contains no part of the URL.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.topology().map(drop)
    }

    pub(super) fn topology(&self) -> Result<Option<Topology>, ConfigError> {
        let text = secret_text("redis.url", self.url.as_ref(), self.url_file.as_ref())?;
        let Some(url) = text else { return Ok(None) };
        parse(&url).map(Some).ok_or_else(|| {
            let schemes = "redis://, rediss://, redis+sentinel:// or redis+cluster://";
            ConfigError::new("redis.url", format!("is not a URL that begins with {schemes}"))
        })
    }
}

fn parse(url: &str) -> Option<Topology> {
    let (scheme, rest) = url.split_once("://")?;
    let (base, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
    let is_tls = match base {
        "redis" => false,
        "rediss" => true,
        _ => return None,
    };
    if kind.is_empty() {
        return Client::open(url)
            .ok()
            .map(|client| Topology::Single(Box::new(client)));
    }
    let (credentials, places) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (hosts, path) = places.split_once('/').unwrap_or((places, ""));
    let nodes = |credentials: &str| -> Option<Vec<ConnectionInfo>> {
        let at = if credentials.is_empty() { "" } else { "@" };
        let urls = hosts
            .split(',')
            .map(|host| format!("{base}://{credentials}{at}{host}"));
        urls.map(|url| url.into_connection_info().ok()).collect()
    };
    match kind {
        "cluster" => {
            let nodes = nodes(credentials)?;
            let client = ClusterClient::new(nodes.clone()).ok()?;
            Some(Topology::Cluster(Box::new(client), nodes))
        }
        "sentinel" if !path.is_empty() => {
            // The credentials are those of the master; sentinels are queried without.
            let master: RedisConnectionInfo = nodes(credentials)?.first()?.redis_settings().clone();
            let mut info = SentinelNodeConnectionInfo::default().set_redis_connection_info(master);
            if is_tls {
                info = info.set_tls_mode(TlsMode::Secure);
            }
            SentinelClient::build(nodes("")?, path, Some(info), SentinelServerType::Master)
                .ok()
                .map(|client| Topology::Sentinel(Box::new(client)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(url: &str) -> Option<&'static str> {
        // A client with TLS uses the crypto provider of the process.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        parse(url).map(|topology| match topology {
            Topology::Single(_) => "single",
            Topology::Sentinel(_) => "sentinel",
            Topology::Cluster(..) => "cluster",
        })
    }

    #[test]
    fn parse_recognises_each_topology() {
        for (url, expected) in [
            ("redis://127.0.0.1:6379", Some("single")),
            ("rediss://:p%40ss@redis.example:6380/2", Some("single")),
            ("redis+sentinel://:pw@a:26379,b:26379/primary", Some("sentinel")),
            ("rediss+sentinel://user:pw@a:26379/primary", Some("sentinel")),
            ("redis+sentinel://a:26379", None),
            ("redis+cluster://:pw@a:6379,b:6379", Some("cluster")),
            ("redis+ring://a", None),
            ("http://a", None),
            ("a:6379", None),
            ("", None),
        ] {
            assert_eq!(kind(url), expected, "{url}");
        }
    }

    #[test]
    fn validate_invalid_url_names_the_key_without_the_url() {
        let config: RedisConfig = toml::from_str("url = \"http://:hunter2@a\"").unwrap();
        let error = config.validate().unwrap_err().to_string();
        assert!(
            error.starts_with("redis.url") && !error.contains("hunter2"),
            "{error}"
        );
        RedisConfig::default().validate().unwrap();
    }
}
