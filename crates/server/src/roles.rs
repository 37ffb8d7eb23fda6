//! One file per role: `create` opens what the role needs and can fail, `start` serves and cannot.

pub(crate) mod auth;
pub(crate) mod gateway;
pub(crate) mod mailbox;
pub(crate) mod smtp;
