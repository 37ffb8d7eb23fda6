//! The service through its generated client, on a real SQLite file and a clock that the tests move.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail like tests"
)]

mod world;

mod deliver_message;
mod mailboxes;
mod messages;
mod mime;
mod outbox;
mod sweep;
