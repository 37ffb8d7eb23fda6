//! The sea-orm entities of the tables.

pub(super) mod audit_event;
pub(super) mod credential;
pub(super) mod pro_token;
pub(super) mod sandbox_credential;
pub(super) mod token_usage_day;
pub(super) mod user;
