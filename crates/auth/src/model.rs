//! Credentials and their rules. No I/O; the time is passed in.

pub(crate) mod audit_event;
pub(crate) mod email;
pub(crate) mod jwt;
pub(crate) mod mailbox_secret;
pub(crate) mod password;
pub(crate) mod pro_token;
pub(crate) mod sandbox_status;
