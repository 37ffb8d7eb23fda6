//! Counts the tickets that were issued within a ticket's lifetime, for each client and owner. Used ones count too: in a fleet
//! another gateway may have redeemed them.

use std::collections::VecDeque;

use mayfly_rpc::Failure;
use mayfly_runtime::shares::Bounds;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{LIFE, memory::MAX_TICKETS};
use crate::app::permits::{Party, Permit, Permits};

/// Of a client's, a quarter; the last eighth is for clients with at most 16.
const TICKETS: Bounds = Bounds {
    total: MAX_TICKETS as u64,
    share: MAX_TICKETS as u64 / 4,
    reserve: MAX_TICKETS as u64 / 8,
    small: 16,
};
/// Tickets of one mailbox or Pro user. The page takes one for each message that it shows.
const TICKETS_PER_OWNER: u64 = 256;

/// The tickets of the last [`LIFE`].
#[derive(Debug)]
pub(crate) struct Issued {
    permits: Permits,
    recent: Mutex<VecDeque<(Instant, Permit)>>,
}

impl Default for Issued {
    fn default() -> Self {
        Self {
            permits: Permits::new(TICKETS, TICKETS_PER_OWNER),
            recent: Mutex::default(),
        }
    }
}

impl Issued {
    /// Counts a ticket that is about to be issued.
    ///
    /// # Errors
    /// `RateLimited` when the party has as many as it may, `Unavailable` when all have.
    pub(crate) fn count(&self, party: &Party) -> Result<(), Failure> {
        let now = Instant::now();
        let mut recent = self.recent.lock();
        while recent.front().is_some_and(|(until, _)| *until <= now) {
            recent.pop_front();
        }
        let permit = self.permits.try_acquire(party)?;
        recent.push_back((now + LIFE, permit));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mayfly_types::Reason;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tickets_of_greedy_party_refuse_no_other() {
        let issued = Issued::default();
        let greedy = Party::test("a", 1);
        let taken = (0..1000).filter(|_| issued.count(&greedy).is_ok()).count();
        assert_eq!(taken, 256, "the share of a mailbox");
        assert_eq!(issued.count(&greedy).unwrap_err().reason, Reason::RateLimited);
        // One client with many mailboxes.
        let taken = (0..10_000).filter(|n| issued.count(&Party::test(&n.to_string(), 1)).is_ok());
        assert_eq!(taken.count(), 2500 - 256);
        assert!(issued.count(&Party::test("b", 2)).is_ok());
        tokio::time::advance(LIFE).await;
        assert!(issued.count(&greedy).is_ok());
        assert_eq!(issued.recent.lock().len(), 1);
    }
}
