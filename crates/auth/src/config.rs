//! The `[auth]` section.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use mayfly_rpc::Endpoints;
use mayfly_runtime::config::{ConfigError, Secret, secret_keys};
use mayfly_types::SecretKey;
use serde::{Deserialize, Serialize};

/// How the auth service runs, or how to reach it in another process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The gRPC listener of a process that has this role and not all of its callers.
    pub listen: SocketAddr,
    /// The service's address if it runs in another process.
    pub endpoint: Option<Endpoints>,
    /// The keys that sign JWTs, separated by commas: all verify, the first signs.
    pub signing_key: Option<Secret>,
    /// A file with the signing keys.
    pub signing_key_file: Option<PathBuf>,
    /// Whether new Pro users can register.
    pub registration: Registration,
    /// The most tokens of one Pro user, revoked ones not counted.
    pub max_tokens: u32,
    /// Threads that hash passwords; 0 means one per core.
    pub hash_workers: u32,
    /// Sign-ins that may wait for a thread; more are refused at once.
    pub hash_queue: u32,
}

/// Whether new Pro users can register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anyone can register.
    Open,
    /// Registration is refused.
    Closed,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 50051)),
            endpoint: None,
            signing_key: None,
            signing_key_file: None,
            registration: Registration::Open,
            max_tokens: 20,
            hash_workers: 0,
            hash_queue: 64,
        }
    }
}

impl Config {
    /// Reads the signing keys; none if none are configured.
    ///
    /// # Errors
    /// Names the key of the configuration that cannot be used.
    pub fn signing_keys(&self) -> Result<Vec<SecretKey>, ConfigError> {
        secret_keys(
            "auth.signing_key",
            self.signing_key.as_ref(),
            self.signing_key_file.as_ref(),
        )
    }

    /// Validates what the types cannot express.
    ///
    /// # Errors
    /// Names the first key with a value out of its bounds.
    pub fn validate(&self) -> Result<(), ConfigError> {
        // Each thread keeps 19 MiB, and each waiting sign-in a password.
        for (key, value, min, max) in [
            ("auth.max_tokens", self.max_tokens, 1, 1_000),
            ("auth.hash_workers", self.hash_workers, 0, 256),
            ("auth.hash_queue", self.hash_queue, 1, 10_000),
        ] {
            if !(min..=max).contains(&value) {
                return Err(ConfigError::new(key, format!("must be from {min} to {max}")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Root {
        #[serde(default)]
        auth: Config,
    }

    fn load(key: &str, value: &str) -> Result<Config, ConfigError> {
        let pair = (format!("MAYFLY_AUTH__{key}"), value.to_owned());
        mayfly_runtime::config::load::<Root>(None, [pair], &BTreeMap::new()).map(|root| root.auth)
    }

    #[test]
    fn validate_rejects_out_of_range_values_by_key() {
        Config::default().validate().unwrap();
        assert!(Config::default().signing_keys().unwrap().is_empty());
        assert_eq!(
            load("REGISTRATION", "closed").unwrap().registration,
            Registration::Closed
        );
        for (key, value) in [
            ("MAX_TOKENS", "0"),
            ("MAX_TOKENS", "1001"),
            ("HASH_WORKERS", "257"),
            ("HASH_QUEUE", "0"),
        ] {
            let error = load(key, value).unwrap().validate().unwrap_err().to_string();
            assert!(error.contains(&key.to_lowercase()), "{error}");
        }
        for (key, value) in [
            ("REGISTRATION", "maybe"),
            ("MAX_TOKEN", "1"),
            ("LISTEN", "here"),
            ("ENDPOINT", "ftp://x"),
        ] {
            assert!(load(key, value).is_err(), "{key}");
        }
        let keys = format!(
            "{},{}",
            SecretKey::random().to_hex(),
            SecretKey::random().to_hex()
        );
        assert_eq!(
            load("SIGNING_KEY", &keys).unwrap().signing_keys().unwrap().len(),
            2
        );
    }
}
