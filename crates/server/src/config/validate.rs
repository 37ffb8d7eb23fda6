//! Rules that types cannot hold: bounds, files, and what a set of roles requires. `mayfly config check` and every start use
//! the same path, so that a configuration that passes the check also starts.

use std::collections::BTreeSet;

use mayfly_auth::Registration;
use mayfly_gateway::Dialect;
use mayfly_rpc::MutualTls;
use mayfly_runtime::{config::ConfigError, tls};
use mayfly_smtp::SandboxMode;

use super::{Config, MIN_DRAIN, Role};
use crate::data_dir;

/// How an operator makes a missing key.
const MAKE_KEY: &str = "`openssl rand -hex 32` makes one";

impl Config {
    /// Checks everything that a start needs, except for sockets and servers that must be reached.
    ///
    /// # Errors
    /// Names the first key that cannot be used.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        self.validate_values()?;
        self.validate_grpc()?;
        self.validate_keys()?;
        if self.is_split() {
            self.validate_split()?;
        }
        self.validate_files()
    }

    /// Checks what `mayfly migrate` needs: the roles and their database.
    ///
    /// # Errors
    /// Names the first key that cannot be used.
    pub(crate) fn validate_databases(&self) -> Result<(), ConfigError> {
        if self.roles.0.is_empty() {
            return Err(ConfigError::new("roles", "name at least one"));
        }
        self.database.validate()
    }

    fn validate_values(&self) -> Result<(), ConfigError> {
        self.validate_databases()?;
        if self.domains.0.is_empty() {
            return Err(ConfigError::new("domains", "name at least one"));
        }
        if self.domains.0.iter().collect::<BTreeSet<_>>().len() != self.domains.0.len() {
            return Err(ConfigError::new("domains", "a domain is named twice"));
        }
        self.log.validate()?;
        self.telemetry.validate()?;
        self.gateway.validate()?;
        self.smtp.validate()?;
        self.auth.validate()?;
        self.mailbox.validate()?;
        self.blobs.validate()?;
        self.validate_sandbox()?;
        self.redis.validate()?;
        self.validate_open_domains()
    }

    /// A domain is open or not: otherwise everybody would read mailboxes that have a password.
    fn validate_open_domains(&self) -> Result<(), ConfigError> {
        let open = &self.mailbox.open_domains.0;
        if let Some(domain) = open.iter().find(|open| self.domains.0.contains(open)) {
            let problem = format!("{domain} is among `domains`");
            return Err(ConfigError::new("mailbox.open_domains", problem));
        }
        // Each key belongs to a role: another process may have the open domains.
        let is_here = self.has(Role::Gateway) && self.has(Role::Mailbox);
        if is_here && open.is_empty() && self.gateway.dialects.0.contains(&Dialect::MailCxV1) {
            let problem = "`mailcx_v1` needs mailbox.open_domains, the domains that it serves";
            return Err(ConfigError::new("gateway.dialects", problem));
        }
        Ok(())
    }

    /// Checks what captures mail for addresses without a mailbox.
    fn validate_sandbox(&self) -> Result<(), ConfigError> {
        if self.smtp.lacks_certificate()
            && self.has(Role::Smtp)
            && !self.is_embedded()
            && !self.gateway.acme.is_on()
        {
            let key = match self.smtp.submission_listen {
                Some(_) => "smtp.submission_listen",
                None => "smtp.submissions_listen",
            };
            let problem = "needs smtp.tls_cert and smtp.tls_key, or smtp.tls_self_signed";
            return Err(ConfigError::new(key, problem));
        }
        if self.smtp.sandbox == SandboxMode::Open && !self.is_embedded() {
            let problem = "is `open`, which requires all roles in one process and no database.url: the sandbox belongs to a \
                           user of that process";
            return Err(ConfigError::new("smtp.sandbox", problem));
        }
        let is_public = self
            .smtp
            .listeners()
            .iter()
            .any(|address| !address.ip().is_loopback());
        if self.mailbox.catch_all.is_some()
            && self.auth.registration == Registration::Open
            && is_public
            && !self.mailbox.catch_all_with_open_registration
        {
            let problem = "is refused while everyone can register and SMTP listens beyond loopback; set auth.registration=closed, \
                           or mailbox.catch_all_with_open_registration=true";
            return Err(ConfigError::new("mailbox.catch_all", problem));
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
                (true, false) => "is https://, which requires grpc.tls_cert",
                (false, true) => "must be https://, since grpc.tls_cert is set",
                _ => continue,
            };
            return Err(ConfigError::new(&format!("{role}.endpoint"), problem));
        }
        Ok(())
    }

    /// Reads every key that is configured. Only the embedded default generates those that are missing.
    fn validate_keys(&self) -> Result<(), ConfigError> {
        let (signing_keys, data_keys) = (self.auth.signing_keys()?, self.mailbox.data_keys()?);
        let secret = self.grpc.secret()?;
        if self.is_split() && secret.is_none() && !self.grpc.has_tls() {
            let problem = format!("is required when the roles are split, or grpc.tls_cert; {MAKE_KEY}");
            return Err(ConfigError::new("grpc.secret", problem));
        }
        let is_embedded = self.is_embedded();
        for (role, key, keys) in [
            (Role::Auth, "auth.signing_key", signing_keys),
            (Role::Mailbox, "mailbox.data_key", data_keys),
        ] {
            if self.has(role) && keys.is_empty() && !is_embedded {
                let problem = format!("is required with PostgreSQL or split roles; {MAKE_KEY}");
                return Err(ConfigError::new(key, problem));
            }
        }
        Ok(())
    }

    fn validate_split(&self) -> Result<(), ConfigError> {
        if self.uses_redis() && !self.redis.is_set() {
            let problem = "is required when the roles are split, because processes share no memory";
            return Err(ConfigError::new("redis.url", problem));
        }
        for (role, endpoint) in [
            (Role::Auth, &self.auth.endpoint),
            (Role::Mailbox, &self.mailbox.endpoint),
        ] {
            if self.calls(role) && !self.has(role) && endpoint.is_none() {
                let problem = format!("is required, because the role {role} does not run here");
                return Err(ConfigError::new(&format!("{role}.endpoint"), problem));
            }
        }
        if (self.has(Role::Auth) || self.has(Role::Mailbox)) && self.drain_delay() < MIN_DRAIN {
            let problem =
                "must be at least 1s when the roles are split, so that callers choose another replica";
            return Err(ConfigError::new("drain_delay", problem));
        }
        Ok(())
    }

    /// Reads the files that the roles here open at start.
    fn validate_files(&self) -> Result<(), ConfigError> {
        let gateway = (self.gateway.tls_cert.as_ref(), self.gateway.tls_key.as_ref());
        let smtp = (self.smtp.tls_cert.as_ref(), self.smtp.tls_key.as_ref());
        for (role, (certificate, key)) in [(Role::Gateway, gateway), (Role::Smtp, smtp)] {
            if self.has(role) {
                tls::validate(role.as_str(), certificate, key)?;
            }
        }
        if self.is_split() {
            let [certificate, key, authority] = self.grpc.tls_paths();
            MutualTls::validate("grpc", certificate, key, authority)?;
        }
        if let (true, Some(file)) = (self.has(Role::Gateway), &self.admin.token_file) {
            mayfly_admin::Tokens::read(file)?;
        }
        let has_service = self.has(Role::Auth) || self.has(Role::Mailbox);
        if has_service && !self.database.is_set() {
            data_dir::validate(&self.data_dir)?;
        }
        Ok(())
    }
}
