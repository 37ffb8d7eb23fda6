//! The `[webhooks]` section.

use std::path::PathBuf;

use mayfly_runtime::config::{ConfigError, List, Secret, secret_keys};
use mayfly_types::SecretKey;
use serde::{Deserialize, Serialize};

use crate::outbound::Network;

/// The `[webhooks]` section.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// The keys that seal secrets at rest, separated by commas: all open, the first seals.
    pub encryption_key: Option<Secret>,
    /// A file that holds them.
    pub encryption_key_file: Option<PathBuf>,
    /// Networks that are not public in which receivers may be, for development.
    pub allowed_networks: List<Network>,
    /// Networks in which no receiver may be, public ones too. It wins over `allowed_networks`.
    pub denied_networks: List<Network>,
    /// Whether receivers may be without TLS, for development.
    pub allow_http: bool,
}

impl WebhooksConfig {
    /// Reads the keys; none if none are configured.
    ///
    /// # Errors
    /// Names the key of the configuration that cannot be used.
    pub fn encryption_keys(&self) -> Result<Vec<SecretKey>, ConfigError> {
        secret_keys(
            "webhooks.encryption_key",
            self.encryption_key.as_ref(),
            self.encryption_key_file.as_ref(),
        )
    }
}
