//! A clock that only a test advances.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration as StdDuration,
};

use mayfly_types::Clock;
use time::{Duration, OffsetDateTime};

/// A clock that stands still until a test advances it. Clones share the time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<(OffsetDateTime, StdDuration)>>);

impl ManualClock {
    /// Starts at a time.
    #[must_use]
    pub fn new(now: OffsetDateTime) -> Self {
        Self(Arc::new(Mutex::new((now, StdDuration::ZERO))))
    }

    fn lock(&self) -> MutexGuard<'_, (OffsetDateTime, StdDuration)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets time pass; a negative duration sets the clock back.
    pub fn advance(&self, by: Duration) {
        let mut clock = self.lock();
        clock.0 += by;
        clock.1 += StdDuration::try_from(by).unwrap_or_default();
    }

    /// Sets the clock ahead without any time passing, or back.
    pub fn jump(&self, by: Duration) {
        self.lock().0 += by;
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
        self.lock().0
    }

    fn elapsed(&self) -> StdDuration {
        self.lock().1
    }
}
