//! How much waits to be told, as it was last counted. One process counts for all of them, and only that one says it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mayfly_runtime::telemetry;
use opentelemetry::{KeyValue, metrics::AsyncInstrument};

use crate::store::webhook_events::{Receiver, Waiting};

const RECEIVERS: [(Receiver, &str); 3] = [
    (Receiver::Answering, "answering"),
    (Receiver::Failing, "failing"),
    (Receiver::Failed, "failed"),
];

/// The last count. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Backlog(Arc<Mutex<Option<Counted>>>);

#[derive(Debug)]
struct Counted {
    waiting: Vec<Waiting>,
    at_ms: i64,
}

impl Backlog {
    /// Makes one that metrics tell of.
    pub(crate) fn observed() -> Self {
        let backlog = Self(Arc::default());
        let (meter, of_events, of_age) = (telemetry::meter(), backlog.clone(), backlog.clone());
        let _ = meter
            .i64_observable_gauge("mayfly.webhook.events.waiting")
            .with_description("Events that wait to be told, by how their receiver is doing")
            .with_callback(move |observer| of_events.observe(observer, |waiting, _| waiting.events))
            .build();
        let _ = meter
            .i64_observable_gauge("mayfly.webhook.events.overdue")
            .with_description("For how long the event has been due that is due longest")
            .with_unit("s")
            .with_callback(move |observer| {
                of_age.observe(observer, |waiting, at_ms| {
                    (at_ms - waiting.due_at_ms).max(0) / 1000
                });
            })
            .build();
        backlog
    }

    /// Tells a count from now on, or nothing when another process counts.
    pub(crate) fn set(&self, counted: Option<(Vec<Waiting>, i64)>) {
        *self.lock() = counted.map(|(waiting, at_ms)| Counted { waiting, at_ms });
    }

    fn observe(&self, observer: &dyn AsyncInstrument<i64>, value: impl Fn(&Waiting, i64) -> i64) {
        let counted = self.lock();
        let Some(counted) = counted.as_ref() else { return };
        for (receiver, name) in RECEIVERS {
            let found = counted
                .waiting
                .iter()
                .find(|waiting| waiting.receiver == receiver);
            let value = found.map_or(0, |waiting| value(waiting, counted.at_ms));
            observer.observe(value, &[KeyValue::new("receiver", name)]);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
