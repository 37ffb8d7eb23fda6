//! Counts attempts in flight, by receiver, for the scheduler's snapshots.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mayfly_types::WebhookId;

/// Attempts in flight of one class. Clones share the count.
#[derive(Debug, Clone, Default)]
pub(super) struct InFlight(Arc<Mutex<HashMap<WebhookId, usize>>>);

/// Counts one attempt until it is dropped.
#[derive(Debug)]
pub(super) struct InFlightGuard {
    in_flight: InFlight,
    webhook_id: WebhookId,
}

impl InFlight {
    pub(super) fn snapshot(&self) -> HashMap<WebhookId, usize> {
        self.lock().clone()
    }

    /// Counts an attempt.
    pub(super) fn begin(&self, webhook_id: WebhookId) -> InFlightGuard {
        *self.lock().entry(webhook_id).or_default() += 1;
        InFlightGuard {
            in_flight: self.clone(),
            webhook_id,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WebhookId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let mut in_flight = self.in_flight.lock();
        if let Some(count) = in_flight.get_mut(&self.webhook_id) {
            *count -= 1;
            if *count == 0 {
                in_flight.remove(&self.webhook_id);
            }
        }
    }
}
