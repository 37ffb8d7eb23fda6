//! The storage guard: intake stops while there is still room to delete, and resumes by itself.
//!
//! Deleting needs space too: SQLite writes the change to its log before it frees pages, and the file never shrinks. So the
//! guard keeps a floor of free space that only deletions use, and counts the free pages inside the file as free space.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use mayfly_database::{Database, DiskSpace};
use mayfly_runtime::{task::Tasks, telemetry};

use crate::{
    client_bytes::{ClientBytes, MAX_CLIENTS},
    config::Config,
    error::Error,
    store::{Store, mailboxes},
};

/// The period of measurements without mail.
const EVERY: Duration = Duration::from_secs(1);
/// The period in which the sum of anonymous mail is read: other processes add to it.
const RECOUNT_EVERY: Duration = Duration::from_secs(15);
/// The default floor is a twentieth of the file system, within these bounds. The lower one holds SQLite's log.
const DEFAULT_FLOORS: (u64, u64) = (16 << 20, 1 << 30);
/// A message is written twice, to the log and to the file.
const COPIES: u64 = 2;

/// Decides whether there is room for mail.
#[derive(Debug)]
pub(crate) struct StorageGuard {
    database: Arc<Database>,
    min_free_bytes: Option<u64>,
    /// 0 is without bound.
    max_anonymous_bytes: i64,
    anonymous_day_bytes: Option<i64>,
    /// Absent without a bound of each client.
    clients: Option<Arc<ClientBytes>>,
    /// Messages that were admitted and are not yet stored.
    pending_bytes: AtomicU64,
    anonymous_bytes: AtomicI64,
    readings: Arc<Readings>,
}

/// The last measurement, for metrics and readiness.
#[derive(Debug, Default)]
struct Readings {
    free_bytes: AtomicU64,
    is_low: AtomicBool,
    /// The database refused the last write.
    is_refused: AtomicBool,
    /// It did so because its disk is full.
    is_full: AtomicBool,
}

/// Space for one message, until it is stored.
#[derive(Debug)]
pub(crate) struct Admission {
    guard: Arc<StorageGuard>,
    bytes: u64,
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.guard.pending_bytes.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

impl StorageGuard {
    /// Starts the periodic measurement.
    pub(crate) fn start(store: &Store, config: &Config, tasks: &Tasks) -> Arc<Self> {
        let guard = Arc::new(Self {
            database: store.database().clone(),
            min_free_bytes: config.min_free_bytes,
            max_anonymous_bytes: i64::try_from(config.max_anonymous_bytes).unwrap_or(i64::MAX),
            anonymous_day_bytes: config.anonymous_day_bytes(),
            clients: (config.max_anonymous_bytes_per_client > 0).then(|| {
                let max = i64::try_from(config.max_anonymous_bytes_per_client);
                Arc::new(ClientBytes::new(max.unwrap_or(i64::MAX)))
            }),
            pending_bytes: AtomicU64::new(0),
            anonymous_bytes: AtomicI64::new(0),
            readings: Arc::default(),
        });
        observe(&guard.readings);
        let measured = Arc::clone(&guard);
        tasks.every("storage guard", Duration::ZERO, EVERY, move || {
            let guard = Arc::clone(&measured);
            async move {
                let refused = guard.database.refused_write();
                let is_full = refused.as_ref().is_some_and(|refused| refused.is_disk_full);
                guard
                    .readings
                    .is_refused
                    .store(refused.is_some(), Ordering::Release);
                guard.readings.is_full.store(is_full, Ordering::Release);
                guard.has_room(0).await.map(drop)
            }
        });
        if guard.max_anonymous_bytes > 0 {
            let (counted, store) = (Arc::clone(&guard), store.clone());
            tasks.every("anonymous mail count", Duration::ZERO, RECOUNT_EVERY, move || {
                let (guard, store) = (Arc::clone(&counted), store.clone());
                async move {
                    let sum = store.read("sum_anonymous_bytes", |c| {
                        Box::pin(async move { Ok(mailboxes::sum_anonymous_bytes(c).await?) })
                    });
                    guard.anonymous_bytes.store(sum.await?, Ordering::Release);
                    Ok::<(), Error>(())
                }
            });
        }
        if let Some(clients) = &guard.clients {
            let (clients, store) = (Arc::clone(clients), store.clone());
            tasks.every(
                "mail count of clients",
                Duration::ZERO,
                RECOUNT_EVERY,
                move || {
                    let (clients, store) = (Arc::clone(&clients), store.clone());
                    async move {
                        let sums = store.read("sum_client_bytes", |c| {
                            Box::pin(async move { Ok(mailboxes::sum_client_bytes(c, MAX_CLIENTS).await?) })
                        });
                        clients.replace(sums.await?);
                        Ok::<(), Error>(())
                    }
                },
            );
        }
        guard
    }

    /// Admits a message, or fails when storing it would leave less than the floor.
    pub(crate) async fn admit(self: &Arc<Self>, bytes: usize) -> Result<Admission, Error> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        // Counted first, so that concurrent messages see each other.
        self.pending_bytes.fetch_add(bytes, Ordering::AcqRel);
        let admission = Admission {
            guard: Arc::clone(self),
            bytes,
        };
        match self.has_room(bytes).await? {
            true => Ok(admission),
            false => Err(Error::StorageFull),
        }
    }

    /// Returns what the mailboxes of each client hold, if that is bounded.
    pub(crate) fn clients(&self) -> Option<&Arc<ClientBytes>> {
        self.clients.as_ref()
    }

    /// Returns how many bytes a mailbox without an owner receives in a day, if they are bounded.
    pub(crate) fn anonymous_day_bytes(&self) -> Option<i64> {
        self.anonymous_day_bytes
    }

    /// Fails while there is no room for mail, as of the last measurement. Costs nothing, for RCPT.
    pub(crate) fn check(&self, is_anonymous: bool) -> Result<(), Error> {
        let is_low = self.readings.is_low.load(Ordering::Acquire);
        if is_low || (is_anonymous && self.anonymous_room() <= 0) {
            return Err(Error::StorageFull);
        }
        Ok(())
    }

    /// Fails while an anonymous mailbox could receive no mail. Mail itself is still tried on a database whose disk is full:
    /// only that shows when there is space again.
    pub(crate) fn check_creation(&self) -> Result<(), Error> {
        if self.readings.is_full.load(Ordering::Acquire) {
            return Err(Error::StorageFull);
        }
        self.check(true)
    }

    /// Returns how many bytes mailboxes without an owner may still store together.
    pub(crate) fn anonymous_room(&self) -> i64 {
        match self.max_anonymous_bytes {
            0 => i64::MAX,
            max => max.saturating_sub(self.anonymous_bytes.load(Ordering::Acquire)),
        }
    }

    /// Counts stored anonymous mail until the next reading of the sum.
    pub(crate) fn add_anonymous(&self, bytes: i64) {
        self.anonymous_bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Says for readiness why mail is refused.
    pub(crate) fn report(&self) -> Result<(), String> {
        if let Some(refused) = self.database.refused_write() {
            return Err(format!("refuses writes: {}", refused.cause));
        }
        if self.readings.is_low.load(Ordering::Acquire) {
            let mib = self.readings.free_bytes.load(Ordering::Acquire) >> 20;
            return Err(format!(
                "low: {mib} MiB are free; mail and new anonymous mailboxes are refused"
            ));
        }
        if self.anonymous_room() <= 0 {
            return Err("mailbox.max_anonymous_bytes is reached; anonymous mail is refused".to_owned());
        }
        Ok(())
    }

    /// Measures. `new_bytes` of the pending messages decide about the flag that [`Self::check`] reads only when they are 0:
    /// a large message that does not fit must not stop small ones.
    async fn has_room(&self, new_bytes: u64) -> Result<bool, Error> {
        let Some(disk) = self.database.disk_space() else {
            return Ok(true);
        };
        let disk = disk.map_err(|error| {
            tracing::warn!(%error, "cannot measure the disk of the database");
            Error::StorageFull
        })?;
        let floor = floor(self.min_free_bytes, &disk);
        let pending = self.pending_bytes.load(Ordering::Acquire);
        let needed = floor.saturating_add(pending.saturating_mul(COPIES));
        let mut free = disk.free_bytes;
        // The log needs space of the file system, whatever is free inside the file.
        if free < needed && free >= (floor / 4).saturating_add(pending) {
            free += self.database.reusable_bytes().await?;
        }
        self.readings.free_bytes.store(free, Ordering::Release);
        let has_room = free >= needed;
        if new_bytes == 0 {
            self.note(!has_room && free < floor, free);
        }
        Ok(has_room)
    }

    fn note(&self, is_low: bool, free: u64) {
        let was_low = self.readings.is_low.swap(is_low, Ordering::AcqRel);
        match (was_low, is_low) {
            (false, true) => {
                tracing::error!(
                    free_bytes = free,
                    "the disk is nearly full: mail is refused until space is free"
                );
            }
            (true, false) => tracing::info!(free_bytes = free, "the disk has space again: mail is accepted"),
            _ => {}
        }
    }
}

/// Returns the free bytes below which mail is refused.
fn floor(configured: Option<u64>, disk: &DiskSpace) -> u64 {
    configured.unwrap_or_else(|| {
        let (least, most) = DEFAULT_FLOORS;
        // A quarter, so that a tiny disk can be used at all.
        (disk.total_bytes / 20).clamp(least.min(disk.total_bytes / 4), most)
    })
}

fn observe(readings: &Arc<Readings>) {
    let meter = telemetry::meter();
    let free = Arc::clone(readings);
    let _ = meter
        .u64_observable_gauge("mayfly.mailbox.storage.free")
        .with_unit("By")
        .with_description(
            "Free bytes on the disk of the SQLite database; near the floor, with free pages inside the file",
        )
        .with_callback(move |observer| observer.observe(free.free_bytes.load(Ordering::Acquire), &[]))
        .build();
    let refusing = Arc::clone(readings);
    let _ = meter
        .u64_observable_gauge("mayfly.mailbox.storage.refusing")
        .with_description(
            "1 while mail is refused because the disk is nearly full or the database takes no writes",
        )
        .with_callback(move |observer| {
            let is_refusing =
                refusing.is_low.load(Ordering::Acquire) || refusing.is_refused.load(Ordering::Acquire);
            observer.observe(u64::from(is_refusing), &[]);
        })
        .build();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_by_default_is_a_twentieth_within_bounds() {
        const MIB: u64 = 1 << 20;
        for (total, expected) in [(24, 6), (60, 15), (200, 16), (1000, 50), (1 << 20, 1024)] {
            let disk = DiskSpace {
                total_bytes: total * MIB,
                free_bytes: 0,
            };
            assert_eq!(floor(None, &disk), expected * MIB, "{total} MiB");
            assert_eq!(floor(Some(7), &disk), 7);
        }
    }
}
