//! Fairness among clients: one client with many requests must not delay those of others.
//!
//! [`Turns`] bounds how many tasks of one client run at the same time, [`FairQueue`] hands out permits and memory to clients in
//! turn, [`ComputePool`] computes what would keep a thread of the runtime for long. All bound a client only while others are active
//! too, so a single client gets everything. See ADR 22.

mod compute_pool;
mod contention;
mod current;
mod future;
mod queue;
mod turns;

pub use compute_pool::{ComputePool, Panicked};
pub use contention::Contention;
pub use current::{Current, Urgent, client, current, detached, scope, urgent};
pub use future::Fair;
pub use queue::{FairQueue, Permit, QueueBounds};
pub use turns::Turns;
