//! Secrets of the configuration, given as text or in a file.

use std::path::PathBuf;

use mayfly_types::SecretKey;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::{ConfigError, ConfigValue, Schema, Syntax};

/// A secret of the configuration: read as text, shown as `[hidden]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("[hidden]")
    }
}

impl ConfigValue for Secret {
    const SCHEMA: Schema = Schema::Value(Syntax::Secret, "secret text");
}

/// Returns the text of a secret or of its file, trimmed; `None` if neither is set or the text is empty.
///
/// # Errors
/// When both are set, or the file cannot be read.
pub fn secret_text(
    key: &str,
    value: Option<&Secret>,
    file: Option<&PathBuf>,
) -> Result<Option<String>, ConfigError> {
    let text = match (value, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(ConfigError::new(key, format!("set it or {key}_file, not both"))),
        (Some(value), None) => value.0.expose_secret().to_owned(),
        (None, Some(file)) => std::fs::read_to_string(file)
            .map_err(|e| ConfigError::new(&format!("{key}_file"), format!("{}: {e}", file.display())))?,
    };
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Returns the keys of a secret or of its file, separated by commas; empty if neither is set.
///
/// # Errors
/// When both are set, the file cannot be read, or a key is not 64 hex digits. The error contains no part of a key.
pub fn secret_keys(
    key: &str,
    value: Option<&Secret>,
    file: Option<&PathBuf>,
) -> Result<Vec<SecretKey>, ConfigError> {
    let Some(text) = secret_text(key, value, file)? else {
        return match (value, file) {
            (None, None) => Ok(Vec::new()),
            _ => Err(ConfigError::new(key, "is empty")),
        };
    };
    let keys = text.split(',').map(SecretKey::from_hex);
    keys.collect::<Result<_, _>>()
        .map_err(|e| ConfigError::new(key, e))
}
