//! The secret of a mailbox in a body: a password, or the key of a client of mail.td.

use mayfly_rpc::Failure;
use serde::{Deserialize, Deserializer};

use crate::app::{App, mailbox_secret::MailboxSecret};

/// Reads a password that can be absent, but not null.
pub(crate) fn password<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// Returns the key if there is one and the dialect is on, else the password.
///
/// # Errors
/// `InvalidAuthKey`, or `InvalidRequest` without either.
pub(crate) fn secret(
    app: &App,
    password: Option<String>,
    auth_key: Option<&serde_json::Value>,
) -> Result<MailboxSecret, Failure> {
    match auth_key.filter(|_| app.takes_auth_keys) {
        Some(key) => MailboxSecret::parse_key(key.as_str().unwrap_or_default()),
        None => password
            .map(MailboxSecret::from)
            .ok_or_else(|| Failure::invalid_request("password: is missing")),
    }
}
