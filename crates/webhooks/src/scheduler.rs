//! Chooses which receivers start attempts: class-partitioned concurrency limits (bulkheads), and in each class round-robin
//! with dynamic thresholds.
//!
//! - Receivers of one [`ReceiverHealth`] form a class with its own concurrency limit. Slow and failing receivers therefore take
//!   no capacity from the others.
//! - A receiver without an attempt in flight is *idle*. While an idle receiver is due, only idle ones get grants, one attempt
//!   each, in round-robin order of their ids. That is max-min fair: no receiver has two attempts while another waits for one.
//! - Otherwise busy receivers get more, up to a share of the *free* capacity (dynamic thresholds, Choudhury and Hahne 1998), so
//!   that capacity remains for receivers that become due. A failing receiver never has more than one attempt in flight.
//!
//! Everything here is a pure function of a snapshot: no clock, no database, no lock.

use std::collections::HashMap;

use mayfly_types::WebhookId;

use crate::receiver_health::ReceiverHealth;

/// Concurrency limits of one process: attempts in flight, by class.
pub(crate) const CLASSES: [ReceiverClass; 4] = [
    ReceiverClass::new(ReceiverHealth::Quick, 256),
    ReceiverClass::new(ReceiverHealth::New, 64),
    ReceiverClass::new(ReceiverHealth::Slow, 64),
    ReceiverClass::new(ReceiverHealth::Failing, 64),
];
/// Attempts in flight of all classes together.
pub(crate) const MAX_IN_FLIGHT: usize =
    CLASSES[0].limit + CLASSES[1].limit + CLASSES[2].limit + CLASSES[3].limit;
/// Attempts of one receiver in flight.
const MAX_OF_RECEIVER: usize = 8;
/// The divisor of the dynamic threshold: a busy receiver may have an eighth of the free capacity.
const SHARES: usize = 8;
/// Receivers that get a grant in one round.
const MAX_GRANTS: usize = 32;

/// Receivers of one health, and how many attempts they may have in flight together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReceiverClass {
    pub(crate) health: ReceiverHealth,
    pub(crate) limit: usize,
}

/// One class at one moment.
#[derive(Debug, Clone)]
pub(crate) struct ClassSnapshot {
    pub(crate) class: ReceiverClass,
    /// Attempts in flight, by receiver. Idle receivers are absent.
    pub(crate) in_flight: HashMap<WebhookId, usize>,
    /// The last receiver that got a grant: where round-robin continues.
    pub(crate) cursor: Option<WebhookId>,
}

/// Permission for a receiver to start attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) webhook_id: WebhookId,
    pub(crate) attempts: usize,
}

impl ReceiverClass {
    const fn new(health: ReceiverHealth, limit: usize) -> Self {
        Self { health, limit }
    }
}

impl ClassSnapshot {
    /// Returns how many attempts may start.
    pub(crate) fn free(&self) -> usize {
        self.class.limit.saturating_sub(self.in_flight.values().sum())
    }

    /// Returns how many due receivers [`ClassSnapshot::grants`] must see: even if all busy ones come first, a full round of idle
    /// ones is among so many.
    pub(crate) fn candidates(&self) -> usize {
        self.in_flight.len() + MAX_GRANTS
    }

    /// Returns the grants of a round for due receivers, which are in round-robin order.
    pub(crate) fn grants(&self, due: &[WebhookId]) -> Vec<Grant> {
        let limit = self.free().min(MAX_GRANTS);
        let is_idle = |id: &&WebhookId| !self.in_flight.contains_key(id);
        let idle = due.iter().filter(is_idle).take(limit);
        let first: Vec<Grant> = idle
            .map(|id| Grant {
                webhook_id: *id,
                attempts: 1,
            })
            .collect();
        if !first.is_empty() || self.class.health == ReceiverHealth::Failing {
            return first;
        }
        self.additional_grants(due, limit)
    }

    /// Returns the grants of a round in which every due receiver is busy.
    fn additional_grants(&self, due: &[WebhookId], limit: usize) -> Vec<Grant> {
        let mut free = self.free();
        let in_flight = |id: &WebhookId| self.in_flight.get(id).copied().unwrap_or(0);
        let initial = threshold(free);
        let below = due.iter().filter(|id| in_flight(id) < initial).take(limit);
        below
            .map_while(|id| {
                let attempts = threshold(free).saturating_sub(in_flight(id)).min(free);
                free -= attempts;
                (attempts > 0).then_some(Grant {
                    webhook_id: *id,
                    attempts,
                })
            })
            .collect()
    }
}

/// Returns how many attempts one receiver may have in flight at a free capacity.
fn threshold(free: usize) -> usize {
    (free / SHARES).clamp(1, MAX_OF_RECEIVER)
}

#[cfg(test)]
mod tests;
