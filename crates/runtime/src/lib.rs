//! Runtime of every role: configuration, telemetry, tasks and shutdown, fairness among clients, the admin listener, TLS, sealing
//! of secrets. It depends on no service, no store and no protocol of Mayfly's own.

pub mod admin;
pub mod config;
pub mod fair;
pub mod hosts;
pub mod seal;
pub mod shares;
pub mod task;
pub mod telemetry;
pub mod tls;
pub mod visible;
