//! How many bytes the mailboxes without an owner hold that each client has created. The sums are read from the database now
//! and then, since other processes add to them and deletions take from them; stored mail is added at once.

use std::collections::HashMap;

use parking_lot::RwLock;

/// Clients that are counted, those that hold most first. A client beyond them holds less than each of them.
pub(crate) const MAX_CLIENTS: u64 = 100_000;

/// The sums by client network.
#[derive(Debug)]
pub(crate) struct ClientBytes {
    max_bytes: i64,
    stored: RwLock<HashMap<String, i64>>,
}

impl ClientBytes {
    /// Creates the sums, all zero, for a bound of each client.
    pub(crate) fn new(max_bytes: i64) -> Self {
        Self {
            max_bytes,
            stored: RwLock::default(),
        }
    }

    /// Returns how many bytes the mailboxes of a client may still store.
    pub(crate) fn room(&self, client: &str) -> i64 {
        let stored = self.stored.read().get(client).copied().unwrap_or(0);
        self.max_bytes.saturating_sub(stored)
    }

    /// Counts stored mail until the next reading.
    pub(crate) fn add(&self, taken: &HashMap<String, i64>) {
        if taken.is_empty() {
            return;
        }
        let mut stored = self.stored.write();
        for (client, bytes) in taken {
            *stored.entry(client.clone()).or_default() += bytes;
        }
    }

    /// Takes the sums of the database.
    pub(crate) fn replace(&self, sums: Vec<(String, i64)>) {
        *self.stored.write() = sums.into_iter().collect();
    }
}
