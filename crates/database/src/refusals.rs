//! The last write that the database refused, for readiness and metrics.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sea_orm::DbErr;

use super::error::{cause, is_write_refused};

/// How long a refusal is reported when no other write follows.
const REPORTED_FOR: Duration = Duration::from_secs(30);

/// The last refused write.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Option<(Instant, String)>>);

impl Refusals {
    /// Remembers an error, if the database refused a write for want of space or of permission.
    pub(super) fn note(&self, error: &DbErr) {
        if is_write_refused(error) {
            *self.0.lock() = Some((Instant::now(), cause(error).to_string()));
        }
    }

    /// Forgets it: a write succeeded.
    pub(super) fn clear(&self) {
        let mut last = self.0.lock();
        if last.is_some() {
            *last = None;
        }
    }

    /// Returns the cause of the last refusal, if it is recent.
    pub(super) fn last(&self) -> Option<String> {
        let last = self.0.lock();
        let (at, cause) = last.as_ref()?;
        (at.elapsed() < REPORTED_FOR).then(|| cause.clone())
    }
}
