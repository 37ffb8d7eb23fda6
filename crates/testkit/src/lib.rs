//! For tests only: real PostgreSQL and Redis servers, a DNS server that says what it is told to, one that is real, a clock that a test sets, and
//! a mail sender that says exactly what it is told to. What is missing on the machine fails the test that needs it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "what a test cannot do without, it fails without; and it dials what it started"
)]

mod clock;
mod db;
mod dns_server;
mod mail_sender;
mod postgres;
mod redis_server;
mod server;
mod unbound;

pub use clock::ManualClock;
pub use db::{Db, TestDatabase};
pub use dns_server::{DnsServer, Manner, Zone};
pub use mail_sender::{MailSender, Reply};
pub use postgres::Postgres;
pub use redis_server::RedisServer;
pub use unbound::{RootKeys, Unbound};
