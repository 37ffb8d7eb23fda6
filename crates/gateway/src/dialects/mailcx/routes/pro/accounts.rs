//! `/pro/api/accounts`: each route acts on a mailbox that must belong to the Pro user.

pub(crate) mod delete;
pub(crate) mod get_message;
pub(crate) mod list;
pub(crate) mod list_messages;
pub(crate) mod messages;
pub(crate) mod reset_password;
