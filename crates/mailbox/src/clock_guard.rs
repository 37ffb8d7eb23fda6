//! Guards expiry against a clock that jumps ahead. One start with a wrong clock would otherwise remove all mail at once.
//!
//! The newest trusted time is stored. A clock that is more than [`MAX_JUMP`] ahead of it, beyond the time that has passed, is
//! suspect: expiry goes on by the time that has really passed, until the clock is back or has gone on for [`CONFIRM_AFTER`]
//! from where it jumped to, over restarts too. A machine that was off for days looks the same, and expires an hour later.

use std::{sync::Arc, time::Duration as Elapsed};

use mayfly_database::DbErr;
use mayfly_runtime::telemetry;
use mayfly_types::SharedClock;
use parking_lot::Mutex;
use time::{Duration, OffsetDateTime};

use crate::{
    error::Error,
    store::{Store, clock_marks, entities::clock_mark, millis},
};

/// How far ahead a clock may be. Less than any usual retention.
const MAX_JUMP: Duration = Duration::days(1);
/// How long a clock must go on after a jump. Longer than the start of a machine takes to set its clock.
const CONFIRM_AFTER: Duration = Duration::hours(1);
/// How old the stored mark may be: far below [`MAX_JUMP`].
const STORE_EVERY: Duration = Duration::minutes(10);

/// The time by which data expires.
#[derive(Debug, Clone)]
pub(crate) struct ClockGuard {
    clock: SharedClock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// The newest trusted time, what the clock said then, and what its timer said.
    trusted: OffsetDateTime,
    seen: OffsetDateTime,
    elapsed: Elapsed,
    /// What the clock said when it first was too far ahead.
    suspect_since: Option<OffsetDateTime>,
    /// The trusted time of the stored mark, and whether it is suspect there.
    stored: Option<(OffsetDateTime, bool)>,
}

impl State {
    /// Takes note of a reading of the clock.
    fn advance(&mut self, now: OffsetDateTime, elapsed: Elapsed) {
        let passed = Duration::try_from(elapsed.saturating_sub(self.elapsed)).unwrap_or(Duration::MAX);
        let (trusted, expected) = (self.trusted + passed, self.seen + passed);
        if now <= trusted + MAX_JUMP {
            if self.suspect_since.take().is_some() {
                tracing::info!("the clock is right again; expiry follows it");
            }
            self.trusted = now.max(trusted);
        } else {
            let since = match self.suspect_since {
                Some(since) if now <= expected + MAX_JUMP => since,
                _ => {
                    tracing::warn!(
                        %now,
                        trusted = %trusted,
                        "the clock is far ahead of the last known time; nothing expires by it until it has gone on for an hour"
                    );
                    now
                }
            };
            if now - since >= CONFIRM_AFTER {
                tracing::warn!(%now, "the clock has gone on since its jump; expiry follows it");
                (self.trusted, self.suspect_since) = (now, None);
            } else {
                (self.trusted, self.suspect_since) = (trusted, Some(since));
            }
        }
        (self.seen, self.elapsed) = (now, elapsed);
    }
}

impl ClockGuard {
    /// Reads the stored mark.
    pub(crate) async fn start(clock: SharedClock, store: &Store) -> Result<Self, DbErr> {
        let mark: Option<clock_mark::Model> = store
            .database()
            .read("find_clock_mark", |c| Box::pin(clock_marks::find(c)))
            .await?;
        let (now, elapsed) = (clock.now(), clock.elapsed());
        let mut state = State {
            trusted: now,
            seen: now,
            elapsed,
            suspect_since: None,
            stored: None,
        };
        if let Some(mark) = mark {
            state.trusted = from_millis(mark.trusted_ms);
            state.seen = from_millis(mark.seen_ms);
            state.suspect_since = mark.suspect_since_ms.map(from_millis);
        }
        state.advance(now, elapsed);
        let guard = Self {
            clock,
            state: Arc::new(Mutex::new(state)),
        };
        guard.observe();
        Ok(guard)
    }

    fn observe(&self) {
        let state = Arc::downgrade(&self.state);
        let _ = telemetry::meter()
            .u64_observable_gauge("mayfly.mailbox.clock.suspect")
            .with_description("1 while the clock is too far ahead and expiry does not follow it")
            .with_callback(move |observer| {
                if let Some(state) = state.upgrade() {
                    let is_suspect = state.lock().suspect_since.is_some();
                    observer.observe(u64::from(is_suspect), &[]);
                }
            })
            .build();
    }

    /// Returns the time by which data expires.
    pub(crate) fn now(&self) -> OffsetDateTime {
        let (now, elapsed) = (self.clock.now(), self.clock.elapsed());
        let mut state = self.state.lock();
        state.advance(now, elapsed);
        match state.suspect_since {
            None => now,
            Some(_) => state.trusted,
        }
    }

    /// Returns why expiry does not follow the clock, if so.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.state.lock().suspect_since {
            None => Ok(()),
            Some(since) => Err(format!(
                "the clock jumped ahead to {since}; nothing expires by it for an hour"
            )),
        }
    }

    /// Stores the mark, if the stored one is old.
    pub(crate) async fn store(&self, store: &Store) -> Result<(), Error> {
        self.now();
        let state = *self.state.lock();
        let is_suspect = state.suspect_since.is_some();
        let is_fresh = state.stored.is_some_and(|(trusted, was_suspect)| {
            (state.trusted - trusted).abs() < STORE_EVERY && was_suspect == is_suspect
        });
        if is_fresh {
            return Ok(());
        }
        let mark = clock_mark::Model {
            id: 0,
            trusted_ms: millis(state.trusted),
            seen_ms: millis(state.seen),
            suspect_since_ms: state.suspect_since.map(millis),
        };
        store
            .write("set_clock_mark", None, move |tx| {
                let mark = mark.clone();
                Box::pin(async move { Ok(clock_marks::set(tx, mark).await?) })
            })
            .await?;
        self.state.lock().stored = Some((state.trusted, is_suspect));
        Ok(())
    }
}

fn from_millis(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
