//! The kinds of captchas in the configuration.

use mayfly_runtime::config::{ConfigValue, Schema, Syntax};
use serde::{Deserialize, Serialize};

/// What a mailbox without a Pro user needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Captcha {
    /// No captcha.
    Off,
    /// A challenge of ALTCHA, which the page solves.
    Altcha,
}

impl ConfigValue for Captcha {
    const SCHEMA: Schema = Schema::Value(Syntax::Text, "`off` or `altcha`");
}
