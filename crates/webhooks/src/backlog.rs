//! The backlog gauges: pending events as last counted. Of all processes only the one that counts reports them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mayfly_runtime::telemetry;
use opentelemetry::{KeyValue, metrics::AsyncInstrument};

use crate::store::events::{Pending, ReceiverState};

const RECEIVERS: [(ReceiverState, &str); 3] = [
    (ReceiverState::Answering, "answering"),
    (ReceiverState::Failing, "failing"),
    (ReceiverState::Failed, "failed"),
];

/// The last count. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Backlog(Arc<Mutex<Option<Counted>>>);

#[derive(Debug)]
struct Counted {
    pending: Vec<Pending>,
    at_ms: i64,
}

impl Backlog {
    /// Creates a backlog and registers its gauges.
    pub(crate) fn observed() -> Self {
        let backlog = Self(Arc::default());
        let (meter, of_events, of_age) = (telemetry::meter(), backlog.clone(), backlog.clone());
        let _ = meter
            .i64_observable_gauge("mayfly.webhook.events.waiting")
            .with_description("Pending events, by the state of their receiver")
            .with_callback(move |observer| of_events.observe(observer, |pending, _| pending.events))
            .build();
        let _ = meter
            .i64_observable_gauge("mayfly.webhook.events.overdue")
            .with_description("Age of the oldest overdue event")
            .with_unit("s")
            .with_callback(move |observer| {
                of_age.observe(observer, |pending, at_ms| {
                    (at_ms - pending.due_at_ms).max(0) / 1000
                });
            })
            .build();
        backlog
    }

    /// Replaces the count; `None` while another process counts.
    pub(crate) fn set(&self, counted: Option<(Vec<Pending>, i64)>) {
        *self.lock() = counted.map(|(pending, at_ms)| Counted { pending, at_ms });
    }

    fn observe(&self, observer: &dyn AsyncInstrument<i64>, value: impl Fn(&Pending, i64) -> i64) {
        let counted = self.lock();
        let Some(counted) = counted.as_ref() else { return };
        for (receiver, name) in RECEIVERS {
            let found = counted
                .pending
                .iter()
                .find(|pending| pending.receiver == receiver);
            let value = found.map_or(0, |pending| value(pending, counted.at_ms));
            observer.observe(value, &[KeyValue::new("receiver", name)]);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
