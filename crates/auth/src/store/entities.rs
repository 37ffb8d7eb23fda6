//! The tables as sea-orm sees them.

pub(super) mod credential;
pub(super) mod pro_token;
pub(super) mod user;
