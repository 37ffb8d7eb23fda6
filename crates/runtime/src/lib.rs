//! What every role needs alike: configuration, telemetry, tasks and shutdown, health, databases, gRPC, TLS.
//! It knows no service and no protocol of Mayfly's own.

pub mod admin;
pub mod bus;
pub mod config;
pub mod database;
pub mod grpc;
pub mod idempotency;
pub mod redis;
pub mod seal;
pub mod task;
pub mod telemetry;
pub mod tls;
