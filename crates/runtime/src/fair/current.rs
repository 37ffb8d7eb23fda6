//! The client that the current task works for. A connection sets it, and what the connection calls in this process can ask for it.

use std::{net::IpAddr, sync::Arc};

use super::turns::Slot;

tokio::task_local! {
    static CURRENT: Current;
}

/// The client that a task works for, and the task's place among the turns of that client.
#[derive(Debug, Clone, Default)]
pub struct Current {
    pub(super) client: Option<IpAddr>,
    pub(super) slot: Option<Arc<Slot>>,
}

impl Current {
    /// Tells whether the task needs turns.
    #[must_use]
    pub fn needs_turns(&self) -> bool {
        self.slot.is_some()
    }

    pub(super) fn enter<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }
}

/// Returns what the current task works for.
#[must_use]
pub fn current() -> Current {
    CURRENT.try_with(Current::clone).unwrap_or_default()
}

/// Returns the client that the current task works for.
#[must_use]
pub fn client() -> Option<IpAddr> {
    CURRENT.try_with(|current| current.client).ok().flatten()
}

/// Runs a part of the current task for a client, such as the one that a trusted proxy names.
pub fn scope<F: Future>(client: Option<IpAddr>, future: F) -> impl Future<Output = F::Output> {
    let current = Current { client, ..current() };
    CURRENT.scope(current, future)
}

/// Prepares the future of a task that works for the current client, but waits for no turn: one that holds what others wait for.
pub fn detached<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let current = Current {
        client: client(),
        slot: None,
    };
    CURRENT.scope(current, future)
}

/// While this lives, the task needs no turn.
#[derive(Debug)]
pub struct Urgent(Option<Arc<Slot>>);

/// Lets the current task run ahead of the turns of its client, while it holds what other clients wait for, such as a database
/// connection. Otherwise a client with many tasks would hold it for as long as its tasks wait for one another.
#[must_use]
pub fn urgent() -> Urgent {
    Urgent::of(current().slot)
}

impl Urgent {
    pub(super) fn of(slot: Option<Arc<Slot>>) -> Self {
        if let Some(slot) = &slot {
            slot.begin_urgent();
        }
        Self(slot)
    }
}

impl Drop for Urgent {
    fn drop(&mut self) {
        if let Some(slot) = &self.0 {
            slot.end_urgent();
        }
    }
}
