//! The `[webhooks]` section.

use std::path::PathBuf;

use mayfly_runtime::config::{ConfigError, List, Secret, secret_keys};
use mayfly_types::SecretKey;
use serde::{Deserialize, Serialize};

use crate::ssrf_guard::Network;

/// The `[webhooks]` section.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The keys that seal secrets at rest, separated by commas: every key opens, the first seals.
    pub encryption_key: Option<Secret>,
    /// A file with the same keys.
    pub encryption_key_file: Option<PathBuf>,
    /// Networks of receivers that are allowed though not public, for development.
    pub allowed_networks: List<Network>,
    /// Networks of receivers that are denied, public ones too. Takes precedence over `allowed_networks`.
    pub denied_networks: List<Network>,
    /// Whether receivers without TLS are allowed, for development.
    pub allow_http: bool,
}

impl Config {
    /// Returns the keys; empty when none are configured.
    ///
    /// # Errors
    /// Names the configuration key that is not usable.
    pub fn encryption_keys(&self) -> Result<Vec<SecretKey>, ConfigError> {
        secret_keys(
            "webhooks.encryption_key",
            self.encryption_key.as_ref(),
            self.encryption_key_file.as_ref(),
        )
    }
}
