//! The clock, passed in so that tests can set the time.

use std::{
    fmt,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use time::OffsetDateTime;

/// A source of the current time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the current time in UTC.
    fn now(&self) -> OffsetDateTime;

    /// Returns the time since some fixed moment, by a timer that no setting of the clock changes.
    fn elapsed(&self) -> Duration {
        STARTED.elapsed()
    }
}

static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only reader of the clock of the machine"
    )]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}
