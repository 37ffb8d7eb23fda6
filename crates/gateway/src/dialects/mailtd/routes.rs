//! Handlers of mail.td that the bearer API does not have.

pub(crate) mod account;
pub(crate) mod billing;
pub(crate) mod list_accounts;
pub(crate) mod messages;
pub(crate) mod user;
