//! The JSON shapes of the contract, and how they are made from what services answer. Every key is always there.

pub(crate) mod account;
pub(crate) mod domain;
pub(crate) mod message;
pub(crate) mod new_mail;
pub(crate) mod pro;
pub(crate) mod usage;
pub(crate) mod webhook;

/// Formats seconds since the Unix epoch as the contract shows times.
pub(crate) use mayfly_types::rfc3339 as timestamp;
