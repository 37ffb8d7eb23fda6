//! Environment variables that the client reads or prints. They are not keys of the configuration.

/// The URL of the server.
pub(crate) const SERVER: &str = "MAYFLY_SERVER";
/// The token of the mailbox.
pub(crate) const TOKEN: &str = "MAYFLY_TOKEN";
/// The address of a new mailbox.
pub(crate) const ADDRESS: &str = "MAYFLY_ADDRESS";
/// The generated password of a new mailbox.
pub(crate) const PASSWORD: &str = "MAYFLY_PASSWORD";

/// The URL of the admin listener.
pub(crate) const ADMIN_URL: &str = "MAYFLY_ADMIN_URL";

/// Every variable of the client.
pub(crate) const ALL: [&str; 5] = [SERVER, TOKEN, ADDRESS, PASSWORD, ADMIN_URL];
