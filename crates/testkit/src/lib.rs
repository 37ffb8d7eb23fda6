//! For tests only: a clock that a test sets, and listeners on free ports.

mod clock;

pub use clock::ManualClock;
