//! State that replicas share for a short while: the Redis connection and the event bus. Everything here may be lost at any
//! moment; durable state is in the databases.

pub mod bus;
pub mod counters;
pub mod event;
pub mod limits;
pub mod redis;
