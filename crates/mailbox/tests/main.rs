//! The service through its generated client, on real databases and a clock that the tests move.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail like tests"
)]

mod world;

mod acme;
mod addresses;
mod blob_backup;
mod blob_failures;
mod blob_owner;
mod blobs;
mod catch_all;
mod clock_guard;
mod deliver_message;
mod delivery_memory;
mod dns;
mod domain_checks;
mod domains;
mod extraction;
mod fleet;
mod mailboxes;
mod messages;
mod migrations;
mod mime;
mod open_mailboxes;
mod operators;
mod outbox;
mod owners;
mod sandboxes;
mod search;
mod search_large;
mod storage;
mod sweep;
mod totals;
mod usage;
mod webhooks;
