//! SSRF guard for webhook targets. Resolves the host, checks every address, and connects to a checked address: there is no
//! second look-up, so no DNS rebinding.

mod address;
mod client;
mod network;
mod rules;
mod target;
#[cfg(test)]
mod tests;

pub(crate) use client::{GuardedClient, Response, RetryAfter, SendError};
pub(crate) use rules::Rules;

pub use network::Network;
