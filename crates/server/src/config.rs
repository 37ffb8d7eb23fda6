//! The whole configuration: the sections joined, and the rules between them.

use std::{
    collections::BTreeSet,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use mayfly_database::DatabaseConfig;
use mayfly_rpc::{Credential, MutualTls};
use mayfly_runtime::{
    config::{ConfigError, List, Secret, Span, environment, load, secret_keys},
    task::Tasks,
    telemetry::{LogConfig, TelemetryConfig},
};
use mayfly_shared::redis::RedisConfig;
use mayfly_types::{DomainName, SecretKey};
use serde::{Deserialize, Serialize};

use crate::{cli::Cli, mailbox_command::VARIABLES};

/// Read when no other file is named and it is there.
const DEFAULT_FILE: &str = "mayfly.toml";

/// A part of Mayfly that can run in a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Gateway,
    Smtp,
    Auth,
    Mailbox,
}

impl Role {
    pub(crate) const ALL: [Self; 4] = [Self::Gateway, Self::Smtp, Self::Auth, Self::Mailbox];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Smtp => "smtp",
            Self::Auth => "auth",
            Self::Mailbox => "mailbox",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let role = Self::ALL.into_iter().find(|role| role.as_str() == text);
        role.ok_or("is not a role: there are gateway, smtp, auth and mailbox")
    }
}

/// The whole configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) roles: List<Role>,
    pub(crate) data_dir: PathBuf,
    pub(crate) domains: List<DomainName>,
    drain_delay: Option<Span>,
    pub(crate) gateway: mayfly_gateway::Config,
    pub(crate) smtp: mayfly_smtp::Config,
    pub(crate) auth: mayfly_auth::Config,
    pub(crate) mailbox: mayfly_mailbox::Config,
    pub(crate) webhooks: mayfly_mailbox::WebhooksConfig,
    pub(crate) database: DatabaseConfig,
    pub(crate) redis: RedisConfig,
    pub(crate) grpc: GrpcConfig,
    pub(crate) admin: AdminConfig,
    pub(crate) log: LogConfig,
    pub(crate) telemetry: TelemetryConfig,
}

/// The `[grpc]` section: the credential that services show each other when roles are split. A shared secret, certificates
/// of one authority, or both.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GrpcConfig {
    secret: Option<Secret>,
    secret_file: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    tls_ca: Option<PathBuf>,
}

impl GrpcConfig {
    fn tls_paths(&self) -> [Option<&PathBuf>; 3] {
        [&self.tls_cert, &self.tls_key, &self.tls_ca].map(Option::as_ref)
    }

    fn has_tls(&self) -> bool {
        self.tls_paths().iter().any(Option::is_some)
    }
}

/// The least time for which callers need a service after it said that it drains.
const NOTICE: Duration = Duration::from_secs(1);

/// The `[admin]` section.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdminConfig {
    pub(crate) listen: SocketAddr,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9090)),
        }
    }
}

#[expect(clippy::expect_used, reason = "a constant")]
fn default_domain() -> DomainName {
    "mayfly.test".parse().expect("a domain name")
}

impl Default for Config {
    fn default() -> Self {
        Self {
            roles: List(Role::ALL.to_vec()),
            data_dir: PathBuf::from("./data"),
            domains: List(vec![default_domain()]),
            drain_delay: None,
            gateway: mayfly_gateway::Config::default(),
            smtp: mayfly_smtp::Config::default(),
            auth: mayfly_auth::Config::default(),
            mailbox: mayfly_mailbox::Config::default(),
            webhooks: mayfly_mailbox::WebhooksConfig::default(),
            database: DatabaseConfig::default(),
            redis: RedisConfig::default(),
            grpc: GrpcConfig::default(),
            admin: AdminConfig::default(),
            log: LogConfig::default(),
            telemetry: TelemetryConfig::default(),
        }
    }
}

impl Config {
    /// Reads and checks everything that can be checked without opening a socket or a database.
    pub(crate) fn load(cli: &Cli) -> Result<Self, ConfigError> {
        let default_file = Path::new(DEFAULT_FILE);
        let file = cli
            .config
            .as_deref()
            .or_else(|| default_file.is_file().then_some(default_file));
        let environment = environment().filter(|(name, _)| !VARIABLES.contains(&name.as_str()));
        let config: Self = load(file, environment, &cli.layer())?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        if self.roles.0.is_empty() {
            return Err(ConfigError::new("roles", "name at least one"));
        }
        if self.domains.0.is_empty() {
            return Err(ConfigError::new("domains", "name at least one"));
        }
        if self.domains.0.iter().collect::<BTreeSet<_>>().len() != self.domains.0.len() {
            return Err(ConfigError::new("domains", "a domain is named twice"));
        }
        self.telemetry.validate()?;
        self.gateway.validate()?;
        self.smtp.validate()?;
        self.auth.validate()?;
        self.mailbox.validate()?;
        self.database.validate()?;
        self.redis.validate()?;
        let keys = self.auth.signing_keys()?;
        let secret = self.grpc_secret()?;
        self.validate_grpc()?;
        let needs_key = || {
            let problem = "is needed without the embedded default; `openssl rand -hex 32` makes one";
            Err(ConfigError::new("auth.signing_key", problem))
        };
        let needs_seal = || {
            let problem = "is needed without the embedded default; `openssl rand -hex 32` makes one";
            Err(ConfigError::new("webhooks.encryption_key", problem))
        };
        let has_no_key = self.has(Role::Auth) && keys.is_empty();
        let has_no_seal = self.has(Role::Mailbox) && self.webhooks.encryption_keys()?.is_empty();
        if !self.is_split() {
            if has_no_key && self.database.is_set() {
                return needs_key();
            }
            if has_no_seal && self.database.is_set() {
                return needs_seal();
            }
            return Ok(());
        }
        if secret.is_none() && !self.grpc.has_tls() {
            return Err(ConfigError::new(
                "grpc.secret",
                "is needed when roles are split, or grpc.tls_cert; `openssl rand -hex 32` makes one",
            ));
        }
        if has_no_key {
            return needs_key();
        }
        if has_no_seal {
            return needs_seal();
        }
        if self.uses_redis() && !self.redis.is_set() {
            let problem = "is needed when roles are split: their memory is not shared";
            return Err(ConfigError::new("redis.url", problem));
        }
        let needs_auth = self.has(Role::Gateway) || self.has(Role::Mailbox);
        let needs_mailbox = self.has(Role::Gateway) || self.has(Role::Smtp);
        for (is_needed, role, endpoint) in [
            (needs_auth, Role::Auth, &self.auth.endpoint),
            (needs_mailbox, Role::Mailbox, &self.mailbox.endpoint),
        ] {
            if is_needed && !self.has(role) && endpoint.is_none() {
                let problem = format!("is needed, since the role {role} does not run here");
                return Err(ConfigError::new(&format!("{role}.endpoint"), problem));
            }
        }
        if (self.has(Role::Auth) || self.has(Role::Mailbox)) && self.drain_delay() < NOTICE {
            let problem = "is at least 1s where roles are split: callers need it to look elsewhere";
            return Err(ConfigError::new("drain_delay", problem));
        }
        Ok(())
    }

    fn validate_grpc(&self) -> Result<(), ConfigError> {
        let paths = self.grpc.tls_paths();
        if paths.iter().any(Option::is_some) != paths.iter().all(Option::is_some) {
            let problem = "set it, grpc.tls_key and grpc.tls_ca together";
            return Err(ConfigError::new("grpc.tls_cert", problem));
        }
        for (role, endpoint) in [
            (Role::Auth, &self.auth.endpoint),
            (Role::Mailbox, &self.mailbox.endpoint),
        ] {
            let Some(endpoint) = endpoint else { continue };
            let problem = match (endpoint.is_https(), self.grpc.has_tls()) {
                (true, false) => "is https://, for which grpc.tls_cert is needed",
                (false, true) => "must be https://, since grpc.tls_cert is set",
                _ => continue,
            };
            return Err(ConfigError::new(&format!("{role}.endpoint"), problem));
        }
        Ok(())
    }

    /// Some role is in another process.
    pub(crate) fn is_split(&self) -> bool {
        !Role::ALL.into_iter().all(|role| self.has(role))
    }

    /// Some role here shares something with its like; `smtp` alone does not.
    pub(crate) fn uses_redis(&self) -> bool {
        [Role::Gateway, Role::Auth, Role::Mailbox]
            .into_iter()
            .any(|role| self.has(role))
    }

    pub(crate) fn has(&self, role: Role) -> bool {
        self.roles.0.contains(&role)
    }

    /// How long the process goes on as before once it said that it will stop, so that nobody sends it anything more.
    pub(crate) fn drain_delay(&self) -> Duration {
        let unset = if self.is_split() { NOTICE } else { Duration::ZERO };
        self.drain_delay.map_or(unset, |span| span.0)
    }

    /// Reads the credential between services, and keeps its certificates fresh while the group runs.
    pub(crate) fn grpc_credential(&self, tasks: &Tasks) -> Result<Credential, ConfigError> {
        let [certificate, key, authority] = self.grpc.tls_paths();
        let tls = MutualTls::load("grpc", certificate, key, authority, tasks)?;
        Credential::new(self.grpc_secret()?, tls)
            .ok_or_else(|| ConfigError::new("grpc.secret", "is needed when roles are split"))
    }

    fn grpc_secret(&self) -> Result<Option<SecretKey>, ConfigError> {
        let mut keys = secret_keys(
            "grpc.secret",
            self.grpc.secret.as_ref(),
            self.grpc.secret_file.as_ref(),
        )?;
        match keys.len() {
            0 | 1 => Ok(keys.pop()),
            _ => Err(ConfigError::new("grpc.secret", "only one is possible")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn load_with(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let config: Config = load(None, pairs, &BTreeMap::new())?;
        config.validate()?;
        Ok(config)
    }

    #[test]
    fn defaults_are_usable_and_survive_a_dump() {
        let config = load_with(&[]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("mayfly.toml");
        std::fs::write(&file, toml::to_string(&config).unwrap()).unwrap();
        let again: Config = load(Some(&file), [], &BTreeMap::new()).unwrap();
        assert_eq!(
            toml::to_string(&again).unwrap(),
            toml::to_string(&config).unwrap()
        );
    }

    #[test]
    fn callers_of_a_split_role_are_given_notice() {
        let key = SecretKey::random().to_hex();
        assert_eq!(load_with(&[]).unwrap().drain_delay(), Duration::ZERO);
        let split = [
            ("MAYFLY_ROLES", "auth"),
            ("MAYFLY_GRPC__SECRET", &key),
            ("MAYFLY_AUTH__SIGNING_KEY", &key),
            ("MAYFLY_REDIS__URL", "redis://localhost"),
        ];
        assert_eq!(load_with(&split).unwrap().drain_delay(), NOTICE);
        let longer = load_with(&[&split[..], &[("MAYFLY_DRAIN_DELAY", "5s")]].concat()).unwrap();
        assert_eq!(longer.drain_delay(), Duration::from_secs(5));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let key = SecretKey::random().to_hex();
        let table: &[(&[(&str, &str)], &str)] = &[
            (&[("MAYFLY_ROLES", "gateway,butler")], "butler"),
            (&[("MAYFLY_ROLES", "")], "roles"),
            (&[("MAYFLY_ROLES", "auth")], "grpc.secret"),
            (
                &[("MAYFLY_ROLES", "auth"), ("MAYFLY_GRPC__SECRET", &key)],
                "auth.signing_key",
            ),
            (
                &[("MAYFLY_DATABASE__URL", "postgres://a:b@localhost/c")],
                "auth.signing_key",
            ),
            (&[("MAYFLY_DATABASE__URL", "sqlite://x")], "database.url"),
            (&[("MAYFLY_REDIS__URL", "http://x")], "redis.url"),
            (
                &[("MAYFLY_ROLES", "gateway"), ("MAYFLY_GRPC__SECRET", &key)],
                "redis.url",
            ),
            (
                &[("MAYFLY_ROLES", "smtp"), ("MAYFLY_GRPC__SECRET", &key)],
                "mailbox.endpoint",
            ),
            (
                &[
                    ("MAYFLY_ROLES", "mailbox"),
                    ("MAYFLY_GRPC__SECRET", &key),
                    ("MAYFLY_WEBHOOKS__ENCRYPTION_KEY", &key),
                    ("MAYFLY_REDIS__URL", "redis://localhost"),
                ],
                "auth.endpoint",
            ),
            (
                &[
                    ("MAYFLY_ROLES", "mailbox"),
                    ("MAYFLY_GRPC__SECRET", &key),
                    ("MAYFLY_REDIS__URL", "redis://localhost"),
                ],
                "webhooks.encryption_key",
            ),
            (
                &[
                    ("MAYFLY_DATABASE__URL", "postgres://a:b@localhost/c"),
                    ("MAYFLY_AUTH__SIGNING_KEY", &key),
                ],
                "webhooks.encryption_key",
            ),
            (&[("MAYFLY_GRPC__SECRET", "short")], "grpc.secret"),
            (&[("MAYFLY_GRPC__TLS_CERT", "a.pem")], "grpc.tls_cert"),
            (
                &[("MAYFLY_GRPC__TLS_CERT", "a"), ("MAYFLY_GRPC__TLS_CA", "a")],
                "grpc.tls_key",
            ),
            (
                &[("MAYFLY_AUTH__ENDPOINT", "https://auth:50051")],
                "auth.endpoint: is https",
            ),
            (
                &[
                    ("MAYFLY_GRPC__TLS_CERT", "a"),
                    ("MAYFLY_GRPC__TLS_KEY", "a"),
                    ("MAYFLY_GRPC__TLS_CA", "a"),
                    ("MAYFLY_MAILBOX__ENDPOINT", "http://mailbox:50052"),
                ],
                "mailbox.endpoint: must be https",
            ),
            (
                &[
                    ("MAYFLY_ROLES", "auth"),
                    ("MAYFLY_GRPC__SECRET", &key),
                    ("MAYFLY_AUTH__SIGNING_KEY", &key),
                    ("MAYFLY_REDIS__URL", "redis://localhost"),
                    ("MAYFLY_DRAIN_DELAY", "999ms"),
                ],
                "drain_delay",
            ),
            (
                &[("MAYFLY_AUTH__SIGNING_KEY", &"00".repeat(32))],
                "auth.signing_key",
            ),
            (&[("MAYFLY_AUTH__ENDPOINT", "localhost")], "AUTH__ENDPOINT"),
            (&[("MAYFLY_GATEWAY__LISTEN", "8080")], "GATEWAY__LISTEN"),
            (&[("MAYFLY_GATEWAY__COLOUR", "red")], "colour"),
            (
                &[("MAYFLY_TELEMETRY__SAMPLE_RATIO", "2")],
                "telemetry.sample_ratio",
            ),
            (
                &[("MAYFLY_TELEMETRY__OTLP_ENDPOINT", "collector:4317")],
                "telemetry.otlp_endpoint",
            ),
            (&[("MAYFLY_DOMAINS", "not a domain")], "DOMAINS"),
            (&[("MAYFLY_DOMAINS", "a.test,A.test")], "domains"),
            (&[("MAYFLY_DOMAINS", "")], "domains"),
        ];
        for (pairs, expected) in table {
            let error = load_with(pairs).unwrap_err().to_string();
            assert!(
                error.to_lowercase().contains(&expected.to_lowercase()),
                "{pairs:?}: {error}"
            );
        }
    }
}
