//! Task groups: a task keeps its span, shutdown waits for it, and its unexpected end is reported.

use std::{fmt::Display, future::Future, time::Duration};

use tokio::time::MissedTickBehavior;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

/// A group of tasks that stops together. Edges and services are two groups, so edges drain while services still answer.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    failed: CancellationToken,
}

impl Tasks {
    /// Creates a group. `failed` is cancelled when a vital task ends before shutdown.
    #[must_use]
    pub fn new(failed: CancellationToken) -> Self {
        Self {
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            failed,
        }
    }

    /// Returns the token that is cancelled when the group stops. A task then finishes its current work and ends.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Spawns a task that may end at any time, such as a connection.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(future.in_current_span());
    }

    /// Spawns a task that must run until shutdown. If it ends or panics before, the process stops.
    pub fn spawn_vital(&self, name: &'static str, future: impl Future<Output = ()> + Send + 'static) {
        let (stop, failed) = (self.stop.clone(), self.failed.clone());
        let inner = self.tracker.spawn(future.in_current_span());
        self.tracker.spawn(async move {
            let outcome = inner.await;
            if !stop.is_cancelled() {
                tracing::error!(
                    task = name,
                    panicked = outcome.is_err(),
                    "a vital task ended before shutdown"
                );
                failed.cancel();
            }
        });
    }

    /// Spawns a vital task that runs `job` now and then at each `period`, until the group stops. A job that takes longer than
    /// the period skips the ticks it missed. Errors are logged with the name.
    pub fn every<F, Fut, E>(&self, name: &'static str, period: Duration, mut job: F)
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send,
        E: Display + Send,
    {
        let stop = self.stop.clone();
        self.spawn_vital(name, async move {
            let run = async {
                let mut ticks = tokio::time::interval(period);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
                loop {
                    ticks.tick().await;
                    if let Err(error) = job().await {
                        tracing::warn!(task = name, %error, "a periodic job failed");
                    }
                }
            };
            stop.run_until_cancelled(run).await;
        });
    }

    /// Returns the number of running tasks.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tracker.len()
    }

    /// Stops the group and waits for its tasks. Returns false if some still run at the deadline.
    pub async fn shutdown(&self, deadline: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(deadline, self.tracker.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn vital_task_that_panics_fails_the_process() {
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

    #[tokio::test(start_paused = true)]
    async fn every_skips_missed_ticks_and_survives_errors() {
        let tasks = Tasks::new(CancellationToken::new());
        let (started, origin) = (Arc::new(Mutex::new(Vec::new())), Instant::now());
        let runs = Arc::clone(&started);
        tasks.every("counter", Duration::from_secs(10), move || {
            let runs = Arc::clone(&runs);
            async move {
                let run = {
                    let mut runs = runs.lock();
                    runs.push(origin.elapsed().as_secs());
                    runs.len()
                };
                // The second run misses the tick at 20 s.
                let seconds = if run == 2 { 15 } else { 1 };
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                Err("on purpose")
            }
        });
        tokio::time::sleep(Duration::from_secs(45)).await;
        assert_eq!(*started.lock(), [0, 10, 30, 40]);
        assert!(tasks.shutdown(Duration::from_secs(1)).await);
        assert!(!tasks.failed.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn every_stops_in_the_middle_of_a_job() {
        let tasks = Tasks::new(CancellationToken::new());
        tasks.every("endless", Duration::from_secs(10), || {
            std::future::pending::<Result<(), &str>>()
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(tasks.shutdown(Duration::from_secs(1)).await);
    }
}
