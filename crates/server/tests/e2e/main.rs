//! The binary from outside: real processes, real sockets, mail in by SMTP, mail out by HTTP. Scenarios are written once
//! and run with all roles in one process and with each role in a process of its own.

mod client;
mod guards;
mod scenarios;
mod tokens;
mod world;
