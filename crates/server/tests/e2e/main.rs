//! The binary from outside: real processes, real sockets, mail in by SMTP, mail out by HTTP. Scenarios are written once
//! and run with all roles in one process and with each role in a process of its own.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "what a test cannot do without, it fails without; and it tells how long things took"
)]

mod asks;
mod client;
mod configuration;
mod follow;
mod guards;
mod kubernetes;
mod ledger;
mod node;
mod otlp;
mod proxy;
mod receiver;
mod scenarios;
mod tokens;
mod world;
