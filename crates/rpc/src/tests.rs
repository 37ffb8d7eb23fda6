//! Replicas that start, die, hang and drain, and callers with and without the credential, over real sockets.

#![expect(
    clippy::disallowed_methods,
    reason = "tests connect to servers that they started"
)]

mod credentials;
mod membership;
mod replica;
mod retries;
