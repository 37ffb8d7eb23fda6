//! End-to-end tests of the binary: real processes and sockets, mail in over SMTP and out over HTTP. A scenario is written
//! once and runs with all roles in one process, with one process per role, and with replicas.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test panics when its set-up fails, and prints measured times"
)]

mod client;
mod configuration;
mod delivery_log;
mod documented_proxies;
mod follow;
mod guards;
mod kubernetes;
mod mcp;
mod node;
mod operations;
mod otlp;
mod postfix;
mod process;
mod proxy;
mod receiver;
mod scenarios;
mod smtp_client;
mod tokens;
mod world;
