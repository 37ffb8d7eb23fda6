//! The mail edge over real TCP, with a real mailbox service behind it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod delivery;
mod limits;
mod shutdown;
mod tls;
mod world;
