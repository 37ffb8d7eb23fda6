//! For tests only: real PostgreSQL, Redis, S3, Unbound and ACME servers, a scripted DNS server, a manual clock, a low-level SMTP client
//! and a polling wait. A program that is not installed fails the test that needs it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a failure in a fixture fails the test; clients connect to servers that the test started"
)]

mod acme_server;
mod clock;
mod db;
mod dns_server;
mod eventually;
mod mail_sender;
mod pg_bouncer;
mod postgres;
mod redis_server;
mod s3_server;
mod server;
mod unbound;

pub use acme_server::{AcmeServer, ValidationPorts};
pub use clock::ManualClock;
pub use db::{Db, TestDatabase};
pub use dns_server::{DnsBehavior, DnsServer, Zone};
pub use eventually::{Observation, eventually, eventually_within};
pub use mail_sender::{MailSender, Reply};
pub use pg_bouncer::PgBouncer;
pub use postgres::Postgres;
pub use redis_server::RedisServer;
pub use s3_server::{S3Fault, S3Server};
pub use unbound::{RootKeys, Unbound};
