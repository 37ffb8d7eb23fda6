//! What several dialects serve alike: the envelope of errors, JSON shapes, event streams and handlers. A dialect imports this module,
//! and no other dialect.

pub(crate) mod download;
pub(crate) mod errors;
pub(crate) mod events;
pub(crate) mod openapi;
pub(crate) mod responses;
pub(crate) mod routes;
pub(crate) mod secret;
pub(crate) mod views;
