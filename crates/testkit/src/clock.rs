//! A clock that only a test advances.

use std::sync::{Arc, Mutex, PoisonError};

use mayfly_types::Clock;
use time::{Duration, OffsetDateTime};

/// A clock that stands still until a test advances it. Clones share the time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<OffsetDateTime>>);

impl ManualClock {
    /// Starts at a time.
    #[must_use]
    pub fn new(now: OffsetDateTime) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Advances the clock; a negative duration sets it back.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Default for ManualClock {
    /// Starts at 2026-11-23T12:00:00Z.
    fn default() -> Self {
        Self::new(time::macros::datetime!(2026-11-23 12:00 UTC))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
