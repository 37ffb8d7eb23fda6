//! The mail edge over real TCP, with a real mailbox service behind it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails; and it dials what it started"
)]

mod delivery;
mod limits;
mod shutdown;
mod tls;
mod world;
