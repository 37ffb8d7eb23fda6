//! The CPU that a document may cost, and its cancellation.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU that cleaning a document may cost at most; the HTML of a dearer mail is shown as text. The text view of the largest
/// document fits into the rest of 250 ms. The largest ordinary document costs 210 to 250 ms in the profile of tests: a slow
/// machine shows it as text.
const MAX_CPU: Duration = Duration::from_millis(230);
/// CPU that cleaning a document may cost, whatever its size.
const BASE_CPU: Duration = Duration::from_millis(100);
/// CPU that each byte adds: twice the cost of ordinary HTML in the profile of tests.
const CPU_PER_BYTE: Duration = Duration::from_nanos(350);

/// Checked after every piece of work of bounded size.
pub(super) struct Budget<'a> {
    ends: Duration,
    is_cancelled: &'a dyn Fn() -> bool,
}

impl<'a> Budget<'a> {
    /// Starts the budget of HTML of this length.
    pub(super) fn new(bytes: usize, is_cancelled: &'a dyn Fn() -> bool) -> Self {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Self {
            ends: cpu_time() + MAX_CPU.min(BASE_CPU + CPU_PER_BYTE * bytes),
            is_cancelled,
        }
    }

    /// `None` when the CPU is spent or the caller has cancelled.
    pub(super) fn check(&self) -> Option<()> {
        (!self.is_cancelled() && cpu_time() < self.ends).then_some(())
    }

    pub(super) fn is_cancelled(&self) -> bool {
        (self.is_cancelled)()
    }
}

/// The CPU time of this thread, which does not advance while other threads run.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thread that waits, as on a busy machine, spends nothing; one that works has the same budget for any size.
    #[test]
    fn check_after_cpu_is_spent_is_none() {
        let started = cpu_time();
        let budget = Budget::new(usize::MAX, &|| false);
        std::thread::sleep(MAX_CPU + MAX_CPU);
        assert!(budget.check().is_some());
        while budget.check().is_some() {
            std::hint::spin_loop();
        }
        let spent = cpu_time() - started;
        assert!(
            spent >= MAX_CPU && spent < MAX_CPU + Duration::from_millis(50),
            "{spent:?}"
        );
        let small = Budget::new(0, &|| false);
        assert!(small.ends < cpu_time() + BASE_CPU + Duration::from_millis(10));
    }
}
