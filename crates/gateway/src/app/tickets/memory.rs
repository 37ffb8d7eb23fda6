//! Tickets of one process. A full store rejects new tickets instead of evicting valid ones, which a cache would do.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::Name;

/// How many can be valid at the same time: some 10 MB.
pub(super) const MAX_TICKETS: usize = 10_000;

/// The store of tickets.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<HashMap<Name, Entry>>);

#[derive(Debug)]
struct Entry {
    sealed: Vec<u8>,
    until: Instant,
}

impl Memory {
    /// Stores a ticket. Returns false when there are too many.
    pub(super) fn put(&self, name: Name, sealed: Vec<u8>, life: Duration) -> bool {
        let mut entries = self.0.lock();
        let now = Instant::now();
        if entries.len() >= MAX_TICKETS {
            entries.retain(|_, ticket| ticket.until > now);
        }
        if entries.len() >= MAX_TICKETS {
            return false;
        }
        let until = now + life;
        entries.insert(name, Entry { sealed, until });
        true
    }

    /// Removes a ticket, and returns it unless it has expired.
    pub(super) fn take(&self, name: &Name) -> Option<Vec<u8>> {
        let ticket = self.0.lock().remove(name)?;
        (ticket.until > Instant::now()).then_some(ticket.sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(n: usize) -> Name {
        let mut name = [0; 32];
        name[..8].copy_from_slice(&n.to_le_bytes());
        name
    }

    #[tokio::test(start_paused = true)]
    async fn memory_when_full_rejects_tickets_until_some_expire() {
        let memory = Memory::default();
        assert!((0..MAX_TICKETS).all(|n| memory.put(name(n), Vec::new(), Duration::from_secs(30))));
        assert!(!memory.put(name(MAX_TICKETS), Vec::new(), Duration::from_secs(30)));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(memory.put(name(MAX_TICKETS), Vec::new(), Duration::from_secs(30)));
        assert_eq!(memory.0.lock().len(), 1);
    }
}
