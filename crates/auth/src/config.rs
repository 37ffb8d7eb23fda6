//! The `[auth]` section.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration as StdDuration,
};

use mayfly_rpc::Endpoints;
use mayfly_runtime::{
    config::{ConfigDuration, ConfigError, ConfigValue, Schema, Secret, Syntax, secret_keys},
    config_section,
};
use mayfly_types::SecretKey;
use serde::{Deserialize, Serialize};
use time::Duration;

config_section! {
    /// The `[auth]` section: passwords, sessions and API tokens.
    pub struct Config {
        /// Address of the gRPC listener when the roles are split.
        pub listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 50051)),
        /// URL of the auth service when this process does not run it: a name that resolves to every replica, or several
        /// URLs with commas.
        pub endpoint: Option<Endpoints> = None,
        /// Keys that sign session tokens and seal idempotency answers, 64 hex digits each, separated by commas: the first
        /// signs, all verify. The embedded default generates one in `data_dir`; required with PostgreSQL and when the
        /// roles are split.
        pub signing_key: Option<Secret> = None,
        /// File with the keys.
        pub signing_key_file: Option<PathBuf> = None,
        /// Registration of Pro users.
        pub registration: Registration = Registration::Open,
        /// API tokens of each Pro user, 1 to 1000; revoked tokens do not count.
        pub max_tokens: u32 = 20,
        /// The longest life of an API token, 1m to 366d. A token that is created without an expiry gets this one. Without it
        /// tokens can live until they are revoked.
        pub max_token_life: Option<ConfigDuration> = None,
        /// Threads that hash passwords, at most 256; 0 is one for each core.
        pub hash_workers: u32 = 0,
        /// Sign-ins that wait for a hashing thread, 1 to 10000; more are rejected at once.
        pub hash_queue: u32 = 64,
        /// Whether the key that clients of mail.td derive from a mailbox's password is stored with it, so that both open the
        /// mailbox. It costs one more hash when a password is set.
        pub mailtd_keys: bool = true,
    }
}

/// The smallest `auth.max_token_life`: a shorter life ends before anybody uses the token.
const MIN_TOKEN_LIFE: StdDuration = StdDuration::from_secs(60);
/// The largest `auth.max_token_life`.
const MAX_TOKEN_LIFE: StdDuration = StdDuration::from_secs(366 * 86_400);

/// Whether visitors can register as Pro users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Registration is open.
    Open,
    /// Registration is rejected.
    Closed,
}

impl ConfigValue for Registration {
    const SCHEMA: Schema = Schema::Value(Syntax::Text, "`open` or `closed`");
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

    /// Returns the longest life of a token, if there is a bound.
    pub(crate) fn longest_token_life(&self) -> Option<Duration> {
        let life = self.max_token_life.as_ref()?;
        Duration::try_from(life.0).ok()
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
        let is_life = |life: &ConfigDuration| (MIN_TOKEN_LIFE..=MAX_TOKEN_LIFE).contains(&life.0);
        if self.max_token_life.as_ref().is_some_and(|life| !is_life(life)) {
            return Err(ConfigError::new("auth.max_token_life", "must be from 1m to 366d"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    config_section! {
        /// A configuration.
        struct Root {
            /// The section.
            auth: Config = Config::default(),
        }
    }

    fn load(key: &str, value: &str) -> Result<Config, ConfigError> {
        let pair = (format!("MAYFLY_AUTH__{key}"), value.to_owned());
        mayfly_runtime::config::load::<Root>(None, [pair], &BTreeMap::new()).map(|root| root.auth)
    }

    #[test]
    fn validate_out_of_bounds_names_the_key() {
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
            ("MAX_TOKEN_LIFE", "59s"),
            ("MAX_TOKEN_LIFE", "367d"),
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
