//! Tests of the auth service, each through the generated client over the local transport, on a real database.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

mod auth_keys;
mod idempotency;
mod jwt;
mod lifecycle;
mod operators;
mod passwords;
mod pro_tokens;
mod restrictions;
mod revocation;
mod sandbox_credentials;
mod secrets;
mod users;
