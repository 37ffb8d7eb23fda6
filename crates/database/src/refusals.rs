//! The last write that the database refused, for readiness and metrics.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sea_orm::DbErr;

use super::error::{cause, is_disk_full, is_write_refused};

/// How long a refusal is reported when the transaction is not tried again.
const REPORTED_FOR: Duration = Duration::from_secs(30);

/// The last refused write.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Option<Last>>);

#[derive(Debug)]
struct Last {
    transaction: &'static str,
    at: Instant,
    refused: RefusedWrite,
}

/// A write that the database refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedWrite {
    /// The code and the message of the database.
    pub cause: String,
    /// Its disk is full. Otherwise it is read-only.
    pub is_disk_full: bool,
}

impl Refusals {
    /// Remembers an error, if the database refused a write for want of space or of permission.
    pub(super) fn note(&self, transaction: &'static str, error: &DbErr) {
        if is_write_refused(error) {
            *self.0.lock() = Some(Last {
                transaction,
                at: Instant::now(),
                refused: RefusedWrite {
                    cause: cause(error).to_string(),
                    is_disk_full: is_disk_full(error),
                },
            });
        }
    }

    /// Forgets it: the same transaction succeeded. The success of another proves nothing, since it may need no new space.
    pub(super) fn clear(&self, transaction: &'static str) {
        let mut last = self.0.lock();
        if last.as_ref().is_some_and(|last| last.transaction == transaction) {
            *last = None;
        }
    }

    /// Returns the last refusal, if it is recent.
    pub(super) fn last(&self) -> Option<RefusedWrite> {
        let last = self.0.lock();
        let last = last.as_ref()?;
        (last.at.elapsed() < REPORTED_FOR).then(|| last.refused.clone())
    }
}
