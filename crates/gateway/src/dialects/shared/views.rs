//! The JSON shapes of the contract, converted from the answers of services. Every key is always present.

pub(crate) mod account;
pub(crate) mod binary;
pub(crate) mod domain;
pub(crate) mod message;
pub(crate) mod message_received;
pub(crate) mod pro;
pub(crate) mod proof_of_work;
pub(crate) mod sandbox;
pub(crate) mod search;
pub(crate) mod token;
pub(crate) mod usage;
pub(crate) mod webhook;

/// Formats seconds since the Unix epoch as the contract shows times.
pub(crate) use mayfly_types::rfc3339 as timestamp;
