//! The account at an authority, as both stores keep it.

use instant_acme::AccountCredentials;

/// Reads the credentials of an account; `None` if it is at another authority.
pub(crate) fn account_at(directory: &str, text: &str) -> Result<Option<AccountCredentials>, String> {
    let account: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if account["directory"] != directory {
        return Ok(None);
    }
    serde_json::from_value(account)
        .map(Some)
        .map_err(|error| error.to_string())
}
