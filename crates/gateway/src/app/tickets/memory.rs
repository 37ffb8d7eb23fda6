//! Tickets of one process.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::Name;

/// How many may be out at one time: some 10 MB.
const MAX_TICKETS: usize = 10_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<HashMap<Name, Kept>>);

#[derive(Debug)]
struct Kept {
    sealed: Vec<u8>,
    until: Instant,
}

impl Memory {
    /// Keeps a ticket for a while. Returns false when there are too many.
    pub(super) fn put(&self, name: Name, sealed: Vec<u8>, life: Duration) -> bool {
        let mut kept = self.lock();
        let now = Instant::now();
        if kept.len() >= MAX_TICKETS {
            kept.retain(|_, ticket| ticket.until > now);
        }
        if kept.len() >= MAX_TICKETS {
            return false;
        }
        let until = now + life;
        kept.insert(name, Kept { sealed, until });
        true
    }

    /// Removes a ticket; returns what was kept if it is not too late.
    pub(super) fn take(&self, name: &Name) -> Option<Vec<u8>> {
        let ticket = self.lock().remove(name)?;
        (ticket.until > Instant::now()).then_some(ticket.sealed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    async fn memory_is_bounded_and_frees_itself() {
        let memory = Memory::default();
        assert!((0..MAX_TICKETS).all(|n| memory.put(name(n), Vec::new(), Duration::from_secs(30))));
        assert!(!memory.put(name(MAX_TICKETS), Vec::new(), Duration::from_secs(30)));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(memory.put(name(MAX_TICKETS), Vec::new(), Duration::from_secs(30)));
        assert_eq!(memory.lock().len(), 1);
    }
}
