//! Task groups: a task keeps its span, shutdown waits for it, and its unexpected end is reported.

use std::{fmt::Display, future::Future, pin::Pin, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

/// Tokio compiles about ten functions for each type of task, and each of them for two schedulers: tasks have one type.
type BoxedTask = Pin<Box<dyn Future<Output = ()> + Send>>;

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
        self.spawn_boxed(Box::pin(future));
    }

    fn spawn_boxed(&self, future: BoxedTask) -> JoinHandle<()> {
        self.tracker.spawn(future.in_current_span())
    }

    /// Spawns a task that must run until shutdown. If it ends or panics before, the process stops.
    pub fn spawn_vital(&self, name: &'static str, future: impl Future<Output = ()> + Send + 'static) {
        self.spawn_vital_boxed(name, Box::pin(future));
    }

    fn spawn_vital_boxed(&self, name: &'static str, future: BoxedTask) {
        let (stop, failed) = (self.stop.clone(), self.failed.clone());
        let inner = self.spawn_boxed(future);
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

    /// Spawns a vital task that runs `job` after `delay` and then at each `period`, until the group stops. After a job that
    /// took longer than the period, the missed ticks are one run, not a burst. Errors are logged with the name.
    pub fn every<F, Fut, E>(&self, name: &'static str, delay: Duration, period: Duration, mut job: F)
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send,
        E: Display + Send,
    {
        let stop = self.stop.clone();
        self.spawn_vital(name, async move {
            let run = async {
                let mut ticks = tokio::time::interval_at(Instant::now() + delay, period);
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
    use std::time::Instant;

    use tokio::sync::mpsc;

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

    #[tokio::test]
    async fn every_skips_missed_ticks_and_survives_errors() {
        const PERIOD: Duration = Duration::from_millis(100);
        let tasks = Tasks::new(CancellationToken::new());
        let (runs, mut started) = mpsc::unbounded_channel();
        let mut count = 0;
        tasks.every("counter", Duration::ZERO, PERIOD, move || {
            count += 1;
            runs.send(Instant::now()).unwrap();
            // The first run misses several ticks.
            let duration = if count == 1 { 5 * PERIOD } else { Duration::ZERO };
            async move {
                tokio::time::sleep(duration).await;
                Err("on purpose")
            }
        });
        let mut times = Vec::new();
        while times.len() < 4 {
            times.push(started.recv().await.unwrap());
        }
        assert!(
            times[3] - times[1] >= PERIOD * 9 / 10,
            "no burst after the long run"
        );
        assert!(tasks.shutdown(Duration::from_secs(5)).await);
        assert!(!tasks.failed.is_cancelled());
    }

    #[tokio::test]
    async fn every_stops_in_the_middle_of_a_job() {
        let tasks = Tasks::new(CancellationToken::new());
        let (runs, mut started) = mpsc::unbounded_channel();
        tasks.every("endless", Duration::ZERO, Duration::from_millis(100), move || {
            runs.send(()).unwrap();
            std::future::pending::<Result<(), &str>>()
        });
        started.recv().await.unwrap();
        assert!(tasks.shutdown(Duration::from_secs(5)).await);
    }
}
