//! Handlers of mail.cx `/v1`.

pub(crate) mod email;
pub(crate) mod events;
pub(crate) mod inbox;
pub(crate) mod session;
pub(crate) mod wait;
