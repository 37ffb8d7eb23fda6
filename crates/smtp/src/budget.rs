//! The memory for message data, and the disk of the spool, shared by all sessions. Each client has a share, so that half-sent
//! messages of one client refuse no other's, and the last part is for clients with little data: ordinary mail is small.

use std::{net::IpAddr, sync::Arc};

use mayfly_runtime::shares::{Bounds, Share, Shares};
use mayfly_types::client_network;

/// The data of a client that may take from the reserve.
const SMALL_BYTES: u64 = 256 * 1024;

/// The memory or the disk of all sessions.
#[derive(Debug)]
pub struct Budget(Arc<Shares<IpAddr>>);

impl Budget {
    /// Creates a budget, in which a client has a quarter, and at least one largest message. Every eighth byte is in reserve.
    #[must_use]
    pub fn new(bytes: u64, max_message_bytes: u64) -> Arc<Self> {
        Self::with(Bounds {
            total: bytes,
            share: (bytes / 4).max(max_message_bytes),
            // A message of the largest size must fit beside it.
            reserve: (bytes / 8).min(bytes.saturating_sub(max_message_bytes)),
            small: SMALL_BYTES,
        })
    }

    /// Creates a budget without shares, for a listener whose clients all have the address of a proxy.
    #[must_use]
    pub fn undivided(bytes: u64) -> Arc<Self> {
        Self::with(Bounds {
            total: bytes,
            share: bytes,
            reserve: 0,
            small: 0,
        })
    }

    fn with(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self(Shares::new(bounds)))
    }

    /// Returns the free bytes.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        self.0.free()
    }

    /// Tells whether only the reserve is left.
    #[must_use]
    pub fn is_scarce(&self) -> bool {
        self.0.is_scarce()
    }

    /// Prepares the reservation of one message; it holds nothing yet.
    pub(crate) fn reservation(&self, client: IpAddr) -> Reservation {
        Reservation(self.0.empty(client_network(client)))
    }
}

/// The bytes reserved for one message. Dropping it releases them.
#[derive(Debug)]
pub(crate) struct Reservation(Share<IpAddr>);

impl Reservation {
    /// Reserves more bytes. Returns false, and reserves none, if too few are free.
    pub(crate) fn grow(&mut self, bytes: u64) -> bool {
        self.0.grow(bytes).is_ok()
    }

    /// Releases all but some of the reserved bytes.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        self.0.shrink_to(bytes);
    }

    /// Releases all reserved bytes.
    pub(crate) fn release(&mut self) {
        self.0.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn client(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn reservation_releases_its_bytes() {
        let budget = Budget::undivided(10);
        let mut a = budget.reservation(client(1));
        let mut b = budget.reservation(client(2));
        assert!(a.grow(6) && b.grow(4) && !a.grow(1));
        drop(b);
        assert!(a.grow(4));
        a.release();
        assert_eq!(budget.free_bytes(), 10);
    }

    /// Thirty half-sent messages of one client, and then of many: other clients' mail is taken all the time.
    #[test]
    fn reservation_of_greedy_clients_leaves_room_for_others() {
        let budget = Budget::new(256 * MIB, 25 * MIB);
        let hold = |client: IpAddr| {
            let mut held = budget.reservation(client);
            let grown = (0..24).filter(|_| held.grow(MIB)).count();
            (held, grown)
        };
        let mut held: Vec<_> = (0..30).map(|_| hold(client(1))).collect();
        assert_eq!(
            held.iter().map(|(_, grown)| grown).sum::<usize>(),
            64,
            "its share"
        );
        let large = hold(client(2));
        assert_eq!(large.1, 24, "another client's large mail");
        drop(large);
        held.extend((3..60).map(|last| hold(client(last))));
        assert!(budget.is_scarce() && budget.free_bytes() <= 32 * MIB);
        for last in 100..130 {
            let mut small = budget.reservation(client(last));
            assert!(small.grow(200 * 1024), "ordinary mail of {last}");
        }
    }

    #[test]
    fn budget_of_one_message_takes_it() {
        let budget = Budget::new(65_536, 65_536);
        assert!(budget.reservation(client(1)).grow(65_536));
    }
}
