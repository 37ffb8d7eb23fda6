//! Bounded pools with a share for each client or owner. One that takes all it can get holds its share, and the last part of
//! the pool, the reserve, is left to those that hold little.

use std::{collections::HashMap, hash::Hash, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// The bounds of a pool, in its units: connections, permits, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// What all hold together.
    pub total: u64,
    /// What one client or owner holds.
    pub share: u64,
    /// The last part of the pool, which only those that hold at most `small` can take.
    pub reserve: u64,
    /// What one holds that takes from the reserve.
    pub small: u64,
}

/// Which bound a request exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// The share of this client or owner.
    Share,
    /// The pool, or what of it is not reserved.
    Pool,
}

#[derive(Debug)]
struct Used<K> {
    total: u64,
    by_key: HashMap<K, u64>,
}

/// A pool.
#[derive(Debug)]
pub struct Shares<K: Eq + Hash> {
    bounds: Bounds,
    used: Mutex<Used<K>>,
    released: Notify,
}

impl<K: Clone + Eq + Hash> Shares<K> {
    /// Creates a pool.
    #[must_use]
    pub fn new(bounds: Bounds) -> Arc<Self> {
        let used = Used {
            total: 0,
            by_key: HashMap::new(),
        };
        Arc::new(Self {
            bounds,
            used: Mutex::new(used),
            released: Notify::new(),
        })
    }

    /// Returns the bounds.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Returns what is left of the pool, the reserve included.
    #[must_use]
    pub fn free(&self) -> u64 {
        self.bounds.total - self.used.lock().total
    }

    /// Tells whether only the reserve is left.
    #[must_use]
    pub fn is_scarce(&self) -> bool {
        self.free() <= self.bounds.reserve
    }

    /// Takes an amount.
    ///
    /// # Errors
    /// Which bound it exceeds.
    pub fn take(self: &Arc<Self>, key: K, amount: u64) -> Result<Share<K>, Exceeded> {
        let mut share = self.empty(key);
        share.grow(amount)?;
        Ok(share)
    }

    /// Makes a share that holds nothing yet.
    #[must_use]
    pub fn empty(self: &Arc<Self>, key: K) -> Share<K> {
        Share {
            pool: Arc::clone(self),
            key,
            amount: 0,
        }
    }

    /// Takes an amount, and waits for it at most for a time.
    ///
    /// # Errors
    /// Which bound it still exceeds then.
    pub async fn take_within(
        self: &Arc<Self>,
        key: K,
        amount: u64,
        timeout: Duration,
    ) -> Result<Share<K>, Exceeded> {
        let mut share = self.empty(key);
        let mut exceeded = Exceeded::Pool;
        let taken = async {
            loop {
                let mut released = std::pin::pin!(self.released.notified());
                // Registered before the attempt, so that no release falls between.
                released.as_mut().enable();
                match share.grow(amount) {
                    Ok(()) => return,
                    Err(still) => exceeded = still,
                }
                released.await;
            }
        };
        match tokio::time::timeout(timeout, taken).await {
            Ok(()) => Ok(share),
            Err(_) => Err(exceeded),
        }
    }
}

/// What one client or owner holds of a pool. Dropping it releases it.
#[derive(Debug)]
pub struct Share<K: Clone + Eq + Hash> {
    pool: Arc<Shares<K>>,
    key: K,
    amount: u64,
}

impl<K: Clone + Eq + Hash> Share<K> {
    /// Takes more.
    ///
    /// # Errors
    /// Which bound it exceeds; nothing is taken then.
    pub fn grow(&mut self, amount: u64) -> Result<(), Exceeded> {
        if amount == 0 {
            return Ok(());
        }
        let Bounds {
            total,
            share,
            reserve,
            small,
        } = self.pool.bounds;
        let mut used = self.pool.used.lock();
        let of_key = used.by_key.get(&self.key).copied().unwrap_or(0);
        let (key_after, total_after) = (of_key.saturating_add(amount), used.total.saturating_add(amount));
        if key_after > share {
            return Err(Exceeded::Share);
        }
        let is_small = key_after <= small;
        if total_after > total || (!is_small && total_after > total - reserve) {
            return Err(Exceeded::Pool);
        }
        used.total = total_after;
        match used.by_key.get_mut(&self.key) {
            Some(held) => *held = key_after,
            None => {
                used.by_key.insert(self.key.clone(), key_after);
            }
        }
        self.amount += amount;
        Ok(())
    }

    /// Releases all of it.
    pub fn release(&mut self) {
        self.shrink_to(0);
    }

    /// Releases all of it but an amount.
    pub fn shrink_to(&mut self, amount: u64) {
        let released = self.amount.saturating_sub(amount);
        if released == 0 {
            return;
        }
        let mut used = self.pool.used.lock();
        used.total -= released;
        if let Some(held) = used.by_key.get_mut(&self.key) {
            *held -= released;
            if *held == 0 {
                used.by_key.remove(&self.key);
            }
        }
        drop(used);
        self.amount -= released;
        self.pool.released.notify_waiters();
    }
}

impl<K: Clone + Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> Arc<Shares<&'static str>> {
        Shares::new(Bounds {
            total: 10,
            share: 6,
            reserve: 3,
            small: 1,
        })
    }

    #[test]
    fn take_over_the_share_is_refused() {
        let pool = pool();
        let held = pool.take("a", 6).unwrap();
        assert_eq!(pool.take("a", 1).unwrap_err(), Exceeded::Share);
        drop(held);
        assert!(pool.take("a", 1).is_ok());
        assert!(pool.used.lock().by_key.is_empty(), "nothing is kept of it");
    }

    #[test]
    fn take_from_reserve_is_for_small_holders() {
        let pool = pool();
        let _greedy = pool.take("a", 5).unwrap();
        let mut other = pool.take("b", 2).unwrap();
        assert!(pool.is_scarce());
        assert_eq!(other.grow(1), Err(Exceeded::Pool));
        let newcomers: Vec<_> = ["c", "d", "e"].map(|key| pool.take(key, 1).unwrap()).into();
        assert_eq!(pool.take("f", 1).unwrap_err(), Exceeded::Pool);
        assert_eq!(pool.take("c", 1).unwrap_err(), Exceeded::Pool);
        drop(newcomers);
        other.shrink_to(1);
        assert_eq!(pool.free(), 4);
        other.release();
        assert_eq!(pool.free(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn take_within_waits_for_a_release() {
        let pool = pool();
        let held = pool.take("a", 6).unwrap();
        let late = pool.take_within("a", 1, Duration::from_secs(2)).await;
        assert_eq!(late.unwrap_err(), Exceeded::Share);
        let release = async {
            tokio::task::yield_now().await;
            drop(held);
        };
        let (share, ()) = tokio::join!(pool.take_within("a", 1, Duration::from_secs(2)), release);
        assert!(share.is_ok());
    }
}
