//! Replicas that come, go, hang and drain, callers with and without the credential, over real sockets.

#![expect(clippy::disallowed_methods, reason = "tests dial what they started")]

mod credentials;
mod membership;
mod replica;
mod retries;
