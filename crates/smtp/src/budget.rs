//! The memory that all sessions together may fill with message data.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How many bytes are left for everybody.
#[derive(Debug)]
pub struct Budget(AtomicU64);

impl Budget {
    /// Starts with a number of bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(bytes)))
    }

    /// Returns what is left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The bytes that one message has taken; dropping it gives them back.
#[derive(Debug)]
pub(crate) struct Claim {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Claim {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self { budget, bytes: 0 }
    }

    /// Takes more bytes; returns false, and takes none, when too few are left.
    pub(crate) fn grow(&mut self, bytes: u64) -> bool {
        let left = &self.budget.0;
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(bytes)
        });
        if taken.is_ok() {
            self.bytes += bytes;
        }
        taken.is_ok()
    }

    /// Gives everything back.
    pub(crate) fn release(&mut self) {
        self.budget.0.fetch_add(self.bytes, Ordering::Relaxed);
        self.bytes = 0;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back() {
        let budget = Budget::new(10);
        let mut a = Claim::new(Arc::clone(&budget));
        let mut b = Claim::new(Arc::clone(&budget));
        assert!(a.grow(6) && b.grow(4) && !a.grow(1));
        drop(b);
        assert!(a.grow(4));
        a.release();
        assert_eq!(budget.left(), 10);
    }
}
