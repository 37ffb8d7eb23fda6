//! How the receiver of a webhook performs: what the scheduler partitions attempts by.

/// Slower responses make a receiver slow.
pub(crate) const QUICK_MS: i64 = 2_000;

/// The health of a receiver, from its last outcome under the current secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReceiverHealth {
    /// The last response was a success within [`QUICK_MS`].
    Quick,
    /// No response yet.
    New,
    /// The last success took longer than [`QUICK_MS`].
    Slow,
    /// The last attempt failed.
    Failing,
}
