//! Tasks that keep their span, are waited for at shutdown, and cannot die unseen.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

/// A group of tasks that stops together. Edges and services are two groups, so that edges drain while services still answer.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    failed: CancellationToken,
}

impl Tasks {
    /// Makes a group; `failed` is cancelled when a vital task of any group ends by itself.
    #[must_use]
    pub fn new(failed: CancellationToken) -> Self {
        Self {
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            failed,
        }
    }

    /// Returns the token that tells the group's tasks to finish what they have begun and end.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs a task that may end at any time, such as a connection.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(future.in_current_span());
    }

    /// Runs a task that must live until shutdown; should it end or panic before, the process is told to stop.
    pub fn spawn_vital(&self, name: &'static str, future: impl Future<Output = ()> + Send + 'static) {
        let (stop, failed) = (self.stop.clone(), self.failed.clone());
        let inner = self.tracker.spawn(future.in_current_span());
        self.tracker.spawn(async move {
            let outcome = inner.await;
            if !stop.is_cancelled() {
                tracing::error!(
                    task = name,
                    panicked = outcome.is_err(),
                    "a vital task ended by itself"
                );
                failed.cancel();
            }
        });
    }

    /// Returns the number of running tasks.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tracker.len()
    }

    /// Tells the group to stop and waits for its tasks. Returns false if some were still running at the deadline.
    pub async fn shutdown(&self, deadline: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(deadline, self.tracker.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_vital_task_that_ends_stops_the_process_and_others_do_not() {
        let failed = CancellationToken::new();
        let tasks = Tasks::new(failed.clone());
        tasks.spawn(async {});
        let stopping = tasks.stopping();
        tasks.spawn_vital("obedient", async move { stopping.cancelled().await });
        assert!(tasks.shutdown(Duration::from_secs(5)).await);
        assert!(!failed.is_cancelled());

        let tasks = Tasks::new(failed.clone());
        tasks.spawn_vital("broken", async { panic!("on purpose") });
        tokio::time::timeout(Duration::from_secs(5), failed.cancelled())
            .await
            .unwrap();
    }
}
