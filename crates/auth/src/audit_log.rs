//! Records what was refused or failed in the audit log of its user, in the background: a client that is refused does not wait for
//! the database, nor learn from the time that a user exists.

use std::sync::Arc;

use mayfly_runtime::task::Tasks;
use tokio::sync::mpsc;

use crate::{model::audit_event::NewAuditEvent, store::Store};

/// How many events may wait for the database. Further ones are dropped.
const MAX_QUEUED: usize = 1_024;

/// Records events.
pub(crate) struct AuditLog(mpsc::Sender<NewAuditEvent>);

impl AuditLog {
    /// Starts the task that writes to the database.
    pub(crate) fn start(store: Arc<Store>, tasks: &Tasks) -> Self {
        let (queue, mut events) = mpsc::channel(MAX_QUEUED);
        let stopping = tasks.stopping();
        tasks.spawn(async move {
            loop {
                let event = tokio::select! {
                    biased;
                    event = events.recv() => event,
                    () = stopping.cancelled() => return,
                };
                let Some(event) = event else { return };
                if let Err(error) = store.record_audit_event(event).await {
                    tracing::warn!(%error, "cannot record a refusal");
                }
            }
        });
        Self(queue)
    }

    /// Records an event that is not [`Outcome::Done`](crate::model::audit_event::Outcome::Done).
    pub(crate) fn record(&self, event: NewAuditEvent) {
        if self.0.try_send(event).is_err() {
            tracing::debug!("a refusal is not recorded: too many wait");
        }
    }
}
