//! Lanes: webhooks of one standing share their attempts with each other alone, and by turns, so that nobody else waits for
//! those that hang or answer late.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::store::{
    entities::webhook,
    webhook_events::{self, Standing},
};

/// Attempts of this process that may be under way at once in each lane.
const LANES: [(Standing, usize); 4] = [
    (Standing::Quick, 256),
    (Standing::New, 64),
    (Standing::Slow, 64),
    (Standing::Failing, 64),
];
/// All of them together.
pub(super) const ATTEMPTS: usize = LANES[0].1 + LANES[1].1 + LANES[2].1 + LANES[3].1;
/// Those of one webhook at most.
const OF_ONE: usize = 8;
/// What is free is shared with so many others that may come.
const SHARE: usize = 8;
/// Webhooks whose turn it is in one round.
const ROUND: usize = 32;

/// The attempts of webhooks of one standing.
pub(super) struct Lane {
    standing: Standing,
    slots: usize,
    under_way: UnderWay,
    /// The webhook whose turn was last.
    after: Uuid,
}

/// What is under way in a lane at one moment.
pub(super) struct Look {
    standing: Standing,
    free: usize,
    busy: HashMap<Uuid, usize>,
    after: Uuid,
}

/// That a webhook may begin attempts.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub(super) webhook: webhook::Model,
    pub(super) attempts: usize,
}

/// Attempts under way, webhook by webhook. Clones are the same.
#[derive(Debug, Clone, Default)]
struct UnderWay(Arc<Mutex<HashMap<Uuid, usize>>>);

/// An attempt's place in its lane, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    under_way: UnderWay,
    webhook: Uuid,
}

impl Lane {
    /// Makes all lanes, empty.
    pub(super) fn all() -> Vec<Self> {
        let lane = |(standing, slots)| Self {
            standing,
            slots,
            under_way: UnderWay::default(),
            after: Uuid::nil(),
        };
        LANES.into_iter().map(lane).collect()
    }

    /// Takes down what is under way.
    pub(super) fn look(&self) -> Look {
        let busy = self.under_way.lock().clone();
        Look {
            standing: self.standing,
            free: self.slots.saturating_sub(busy.values().sum()),
            busy,
            after: self.after,
        }
    }

    /// Notes whose turn was last.
    pub(super) fn went_on_to(&mut self, webhook: Uuid) {
        self.after = webhook;
    }

    /// Takes a place for an attempt.
    pub(super) fn take(&self, webhook: Uuid) -> Slot {
        *self.under_way.lock().entry(webhook).or_default() += 1;
        Slot {
            under_way: self.under_way.clone(),
            webhook,
        }
    }
}

impl Look {
    /// Tells whether another attempt may begin.
    pub(super) fn has_room(&self) -> bool {
        self.free > 0
    }

    /// Lists whose turn it is, and how many attempts each may begin: one, as long as anybody has none under way here.
    pub(super) async fn turns(mut self, c: &impl ConnectionTrait, now_ms: i64) -> Result<Vec<Turn>, DbErr> {
        let limit = self.free.min(ROUND);
        let list = async |pass_over: Vec<Uuid>| {
            webhook_events::list_due_webhooks(c, self.standing, &pass_over, self.after, now_ms, limit).await
        };
        let first = list(self.busy.keys().copied().collect()).await?;
        if !first.is_empty() {
            return Ok(first
                .into_iter()
                .map(|webhook| Turn { webhook, attempts: 1 })
                .collect());
        }
        // A receiver that fails is asked by one attempt at a time, and where none is under way nobody was passed over.
        if self.standing == Standing::Failing || self.busy.is_empty() {
            return Ok(Vec::new());
        }
        let most = share(self.free);
        let full = self.busy.iter().filter(|(_, count)| **count >= most);
        let more = list(full.map(|(id, _)| *id).collect()).await?;
        let turns = more.into_iter().map_while(|webhook| {
            let has = self.busy.get(&webhook.id).copied().unwrap_or(0);
            let attempts = share(self.free).saturating_sub(has).min(self.free);
            self.free -= attempts;
            (attempts > 0).then_some(Turn { webhook, attempts })
        });
        Ok(turns.collect())
    }
}

/// How many attempts one webhook may have under way while so many are free.
fn share(free: usize) -> usize {
    (free / SHARE).clamp(1, OF_ONE)
}

impl UnderWay {
    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock();
        if let Some(count) = under_way.get_mut(&self.webhook) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.webhook);
            }
        }
    }
}
