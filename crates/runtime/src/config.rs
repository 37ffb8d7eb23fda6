//! Layered configuration: defaults in code, then a file, then the environment, then flags. Loading is pure: it reads
//! its input and changes nothing. Unknown keys are refused by name.
//!
//! [`config_section!`](crate::config_section) declares a section once: each key with its description, type and default.
//! The parser, `mayfly config dump` and `docs/CONFIGURATION.md` all read that declaration.

mod duration;
mod list;
mod load;
mod schema;
mod secret;

use std::fmt;

pub use duration::ConfigDuration;
pub use list::List;
pub use load::load;
pub use schema::{ConfigValue, Key, Schema, Syntax};
pub use secret::{Secret, secret_keys, secret_text};

/// The prefix of every environment variable of Mayfly.
pub const PREFIX: &str = "MAYFLY_";

/// A configuration that cannot be used. Its text is one line and names the key.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// Reports a problem with a key.
    pub fn new(key: &str, problem: impl fmt::Display) -> Self {
        Self(format!("{key}: {problem}"))
    }
}

/// Returns the environment of the process, for [`load`].
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars()
}

/// Returns the environment variable of a key such as `gateway.listen`.
#[must_use]
pub fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

#[cfg(test)]
mod tests;
