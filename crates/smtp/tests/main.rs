//! The mail edge over real TCP, with a real mailbox service behind it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and connect to the servers that they start"
)]

mod delivery;
mod limits;
mod proxies;
mod shutdown;
mod tls;
mod world;
