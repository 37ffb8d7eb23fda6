//! The whole configuration: the sections joined. `validate` holds the rules between them, `reference` prints them.

mod reference;
mod role;
mod validate;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use mayfly_database::DatabaseConfig;
use mayfly_rpc::{Credential, MutualTls};
use mayfly_runtime::{
    config::{ConfigDuration, ConfigError, List, Secret, environment, load, secret_keys},
    config_section,
    task::Tasks,
    telemetry::{LogConfig, TelemetryConfig},
};
use mayfly_shared::redis::RedisConfig;
use mayfly_smtp::SandboxMode;
use mayfly_types::{DomainName, SecretKey};

pub(crate) use self::{reference::reference, role::Role};
use crate::client::variables;

/// Read when it exists and no other file is named.
const DEFAULT_FILE: &str = "mayfly.toml";

/// The shortest drain of a split service: callers need it to choose another replica.
const MIN_DRAIN: Duration = Duration::from_secs(1);

config_section! {
    /// The whole configuration.
    pub(crate) struct Config {
        /// Roles of this process.
        pub(crate) roles: List<Role> = List(Role::ALL.to_vec()),
        /// Directory of the embedded databases and of generated keys.
        pub(crate) data_dir: PathBuf = PathBuf::from("./data"),
        /// Domains on which everyone can create mailboxes; the first is the default.
        pub(crate) domains: List<DomainName> = List(vec![default_domain()]),
        /// How long the process serves after `/readyz` fails, so that load balancers notice. Unset, `0s` when all
        /// roles are here over SQLite, else `1s`.
        drain_delay: Option<ConfigDuration> = None,
        /// HTTP, WebSocket, event streams and the web page.
        pub(crate) gateway: mayfly_gateway::Config = mayfly_gateway::Config::default(),
        /// The listener that receives mail.
        pub(crate) smtp: mayfly_smtp::Config = mayfly_smtp::Config::default(),
        /// Passwords, sessions and API tokens.
        pub(crate) auth: mayfly_auth::Config = mayfly_auth::Config::default(),
        /// Domains, mailboxes and messages.
        pub(crate) mailbox: mayfly_mailbox::Config = mayfly_mailbox::Config::default(),
        /// Where the bytes of large messages are stored.
        pub(crate) blobs: mayfly_mailbox::BlobsConfig = mayfly_mailbox::BlobsConfig::default(),
        /// Where webhooks can be delivered.
        pub(crate) webhooks: mayfly_mailbox::WebhooksConfig = mayfly_mailbox::WebhooksConfig::default(),
        /// PostgreSQL in place of SQLite files.
        pub(crate) database: DatabaseConfig = DatabaseConfig::default(),
        /// State that processes share for a short time.
        pub(crate) redis: RedisConfig = RedisConfig::default(),
        /// Credential between the services when the roles are split: a shared secret, certificates, or both.
        pub(crate) grpc: GrpcConfig = GrpcConfig::default(),
        /// Health, metrics and the API of operators; never public.
        pub(crate) admin: AdminConfig = AdminConfig::default(),
        /// Lines on standard error.
        pub(crate) log: LogConfig = LogConfig::default(),
        /// Export of traces, metrics and logs.
        pub(crate) telemetry: TelemetryConfig = TelemetryConfig::default(),
    }
}

config_section! {
    /// The `[grpc]` section: the credential between services when the roles are split. A shared secret, certificates of one
    /// authority, or both.
    pub(crate) struct GrpcConfig {
        /// Secret that every process shows to the others, 64 hex digits; the same everywhere. Required when the roles are
        /// split, unless `tls_cert` is set.
        secret: Option<Secret> = None,
        /// File with the secret.
        secret_file: Option<PathBuf> = None,
        /// PEM file of this process's certificate, for the name in its endpoint; set together with `tls_key` and `tls_ca`.
        /// Changed files are reloaded.
        tls_cert: Option<PathBuf> = None,
        /// PEM file of the certificate's key.
        tls_key: Option<PathBuf> = None,
        /// PEM file of the authority that signed the certificates of both sides.
        tls_ca: Option<PathBuf> = None,
    }
}

config_section! {
    /// The `[admin]` section.
    pub(crate) struct AdminConfig {
        /// Address of the listener for `/livez`, `/readyz`, `/metrics` and, in processes with the role `gateway`, the API of
        /// operators.
        pub(crate) listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 9090)),
        /// File with the tokens of operators: on each line a name, a space, and a token of at least 32 characters. The embedded
        /// default generates one in `data_dir`; without it the API of operators is off.
        pub(crate) token_file: Option<PathBuf> = None,
    }
}

#[expect(clippy::expect_used, reason = "a constant")]
fn default_domain() -> DomainName {
    "mayfly.test".parse().expect("a domain name")
}

impl GrpcConfig {
    fn tls_paths(&self) -> [Option<&PathBuf>; 3] {
        [&self.tls_cert, &self.tls_key, &self.tls_ca].map(Option::as_ref)
    }

    fn has_tls(&self) -> bool {
        self.tls_paths().iter().any(Option::is_some)
    }

    fn secret(&self) -> Result<Option<SecretKey>, ConfigError> {
        let mut keys = secret_keys("grpc.secret", self.secret.as_ref(), self.secret_file.as_ref())?;
        match keys.len() {
            0 | 1 => Ok(keys.pop()),
            _ => Err(ConfigError::new("grpc.secret", "must be one key")),
        }
    }
}

impl Config {
    /// Reads the layers. Values have their types; [`Config::validate`] checks the rest.
    pub(crate) fn load(file: Option<&Path>, flags: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let default_file = Path::new(DEFAULT_FILE);
        let file = file.or_else(|| default_file.is_file().then_some(default_file));
        let environment = environment().filter(|(name, _)| !variables::ALL.contains(&name.as_str()));
        load(file, environment, flags)
    }

    /// Tells whether some role runs in another process.
    pub(crate) fn is_split(&self) -> bool {
        !Role::ALL.into_iter().all(|role| self.has(role))
    }

    /// Tells whether a role here shares state with its replicas; `smtp` alone does not.
    pub(crate) fn uses_redis(&self) -> bool {
        [Role::Gateway, Role::Auth, Role::Mailbox]
            .into_iter()
            .any(|role| self.has(role))
    }

    /// Tells whether this process is all of Mayfly, with its own database files.
    pub(crate) fn is_embedded(&self) -> bool {
        !self.is_split() && !self.database.is_set()
    }

    /// Tells whether an edge is in this process.
    pub(crate) fn has_edge(&self) -> bool {
        self.has(Role::Gateway) || self.has(Role::Smtp)
    }

    /// Returns the directory for temporary files of large messages.
    pub(crate) fn spool_dir(&self) -> Option<PathBuf> {
        let own = self.is_embedded().then_some(&self.data_dir);
        self.smtp.spool_dir.as_ref().or(own).cloned()
    }

    pub(crate) fn has(&self, role: Role) -> bool {
        self.roles.0.contains(&role)
    }

    /// Tells whether a role here calls a service.
    pub(crate) fn calls(&self, service: Role) -> bool {
        let callers: &[Role] = match service {
            // Without logins the mail edge needs no credentials.
            Role::Auth if self.smtp.sandbox == SandboxMode::Auth => {
                &[Role::Gateway, Role::Mailbox, Role::Smtp]
            }
            Role::Auth => &[Role::Gateway, Role::Mailbox],
            Role::Mailbox => &[Role::Gateway, Role::Smtp],
            Role::Gateway | Role::Smtp => &[],
        };
        callers.iter().any(|role| self.has(*role))
    }

    /// Returns how long the process serves after it reports that it drains.
    pub(crate) fn drain_delay(&self) -> Duration {
        let unset = if self.is_embedded() {
            Duration::ZERO
        } else {
            MIN_DRAIN
        };
        self.drain_delay.map_or(unset, |delay| delay.0)
    }

    /// Reads the credential between services, and reloads its certificates while the group runs.
    pub(crate) fn grpc_credential(&self, tasks: &Tasks) -> Result<Credential, ConfigError> {
        let [certificate, key, authority] = self.grpc.tls_paths();
        let tls = MutualTls::load("grpc", certificate, key, authority, tasks)?;
        Credential::new(self.grpc.secret()?, tls)
            .ok_or_else(|| ConfigError::new("grpc.secret", "is required when the roles are split"))
    }
}

#[cfg(test)]
mod tests;
