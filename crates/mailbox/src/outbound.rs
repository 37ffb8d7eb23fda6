//! The one way out to addresses that strangers name: each is judged before it is dialled, and what is dialled is exactly
//! what was judged.

mod address;
mod client;
mod network;
mod target;
#[cfg(test)]
mod tests;

pub(crate) use client::{Answer, GuardedClient, Problem, RetryAfter};
pub(crate) use target::Rules;

pub use network::Network;
