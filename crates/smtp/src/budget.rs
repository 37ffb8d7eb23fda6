//! The memory for message data, shared by all sessions.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The free bytes.
#[derive(Debug)]
pub struct Budget(AtomicU64);

impl Budget {
    /// Creates a budget.
    #[must_use]
    pub fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(bytes)))
    }

    /// Returns the free bytes.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The bytes reserved for one message. Dropping it releases them.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Reservation {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self { budget, bytes: 0 }
    }

    /// Reserves more bytes. Returns false, and reserves none, if too few are free.
    pub(crate) fn grow(&mut self, bytes: u64) -> bool {
        let free = &self.budget.0;
        let reserved = free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
            free.checked_sub(bytes)
        });
        if reserved.is_ok() {
            self.bytes += bytes;
        }
        reserved.is_ok()
    }

    /// Releases all reserved bytes.
    pub(crate) fn release(&mut self) {
        self.budget.0.fetch_add(self.bytes, Ordering::Relaxed);
        self.bytes = 0;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reservation_releases_its_bytes() {
        let budget = Budget::new(10);
        let mut a = Reservation::new(Arc::clone(&budget));
        let mut b = Reservation::new(Arc::clone(&budget));
        assert!(a.grow(6) && b.grow(4) && !a.grow(1));
        drop(b);
        assert!(a.grow(4));
        a.release();
        assert_eq!(budget.free_bytes(), 10);
    }
}
