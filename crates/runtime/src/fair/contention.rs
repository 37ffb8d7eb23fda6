//! Whether several clients are active.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// How long clients count as active. Long, because a client that is alone can take everything until another one comes.
const WINDOW: Duration = Duration::from_secs(60);

/// Observes which clients are active. While there is one only, this costs two loads.
#[derive(Debug)]
pub struct Contention {
    started: Instant,
    window: Duration,
    /// A hash of the client that was active last; 0 before the first.
    last: AtomicU64,
    /// Until when several clients count as active, in milliseconds since the start; 0 when they do not.
    until_ms: AtomicU64,
}

impl Default for Contention {
    fn default() -> Self {
        Self::within(WINDOW)
    }
}

impl Contention {
    /// Creates an observer that counts a client as active for a time.
    #[must_use]
    pub fn within(window: Duration) -> Self {
        Self {
            started: Instant::now(),
            window,
            last: AtomicU64::new(0),
            until_ms: AtomicU64::new(0),
        }
    }

    /// Records that a client is active. Returns whether another one is too.
    pub fn note(&self, client: IpAddr) -> bool {
        self.note_key(key(client))
    }

    pub(super) fn note_key(&self, client: u64) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        if last != client {
            self.last.store(client, Ordering::Relaxed);
            if last != 0 {
                let until = self.now_ms().saturating_add(millis(self.window));
                self.until_ms.store(until.max(1), Ordering::Relaxed);
            }
        }
        self.is_contended()
    }

    /// Returns whether several clients are active.
    #[must_use]
    pub fn is_contended(&self) -> bool {
        let until = self.until_ms.load(Ordering::Relaxed);
        if until == 0 {
            return false;
        }
        if self.now_ms() < until {
            return true;
        }
        // So that the clock is not read again. Of a store that comes between, the next change of clients brings another.
        self.until_ms.store(0, Ordering::Relaxed);
        false
    }

    fn now_ms(&self) -> u64 {
        millis(self.started.elapsed())
    }
}

/// Returns a hash of a client that is not 0.
pub(super) fn key(client: IpAddr) -> u64 {
    let mut hasher = DefaultHasher::new();
    client.hash(&mut hasher);
    hasher.finish() | 1
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn single_client_is_never_contended() {
        let contention = Contention::within(Duration::from_secs(3600));
        for _ in 0..3 {
            assert!(!contention.note(client(1)));
        }
        assert!(contention.note(client(2)), "another client");
        assert!(contention.note(client(2)), "and for the window");
    }

    #[test]
    fn contention_ends_with_the_window() {
        let contention = Contention::within(Duration::ZERO);
        contention.note(client(1));
        contention.note(client(2));
        while contention.is_contended() {
            std::thread::yield_now();
        }
        assert!(!contention.note(client(2)));
    }
}
