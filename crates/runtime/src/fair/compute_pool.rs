//! A pool of threads for computations that take longer than a task may keep a thread of the runtime.

use std::{
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::queue::{FairQueue, Permit, QueueBounds};

/// Added to the nice value of the process: a thread of the runtime that becomes ready runs at once, whatever is computed. Not more, since a
/// machine that is busy with other programs would give these threads too little: a third of the weight of others.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

type Job = Box<dyn FnOnce() + Send>;

/// A thread for each processor, of lower priority than those of the runtime. Clients get them in turn, and one has at most half
/// of them while others are active.
#[derive(Debug)]
pub struct ComputePool {
    queue: Arc<FairQueue>,
    jobs: mpsc::Sender<Job>,
}

/// The computation panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panicked;

impl ComputePool {
    /// Starts threads with a name. They end when this is dropped and the last computation has ended.
    #[must_use]
    pub fn start(name: &str) -> Self {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..count {
            let waiting = Arc::clone(&waiting);
            let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
                lower_priority();
                run_all(&waiting);
            });
            if let Err(error) = started {
                tracing::error!(%error, "cannot start a thread");
            }
        }
        let total = count as u64;
        let share = (total / 2).max(1);
        Self {
            queue: FairQueue::new(QueueBounds { total, share }),
            jobs,
        }
    }

    /// Waits for the turn of a client. A computation that needs much memory is prepared after that.
    pub async fn acquire(&self, client: Option<IpAddr>) -> Permit {
        self.queue.acquire(client, 1).await
    }

    /// Computes something, in the current span. It is computed to the end, also when the caller has gone.
    ///
    /// # Errors
    /// When it panics.
    pub async fn run<T: Send + 'static>(
        &self,
        permit: Permit,
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let span = tracing::Span::current();
        let (answer, computed) = oneshot::channel();
        let job: Job = Box::new(move || {
            let computed = span.in_scope(|| catch_unwind(AssertUnwindSafe(compute)));
            // Before the caller goes on, which may ask for the next one.
            drop(permit);
            let _ = answer.send(computed);
        });
        // Fails only without any thread; the answer is missing then.
        let _ = self.jobs.send(job);
        computed.await.ok().and_then(Result::ok).ok_or(Panicked)
    }
}

fn run_all(waiting: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // The lock is held while one thread waits, and not while it computes.
        let job = waiting.lock().recv();
        let Ok(job) = job else { return };
        job();
    }
}

/// On Linux this is a property of the thread.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "cannot lower the priority of a thread");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use futures_util::{FutureExt, future::join_all};

    use super::*;

    /// The only thread of the runtime runs another task meanwhile.
    #[tokio::test]
    async fn computation_keeps_no_thread_of_the_runtime() {
        let pool = ComputePool::start("compute");
        let meet = Arc::new(Barrier::new(2));
        let other = Arc::clone(&meet);
        let permit = pool.acquire(None).await;
        let computed = pool.run(permit, move || other.wait().is_leader());
        let mut computed = Box::pin(computed);
        assert!((&mut computed).now_or_never().is_none());
        meet.wait();
        computed.await.unwrap();
    }

    #[tokio::test]
    async fn computation_that_panics_fails_alone() {
        let pool = ComputePool::start("compute");
        for _ in 0..64 {
            let permit = pool.acquire(None).await;
            let failed = pool.run(permit, || panic!("on purpose")).await;
            assert_eq!(failed, Err::<(), _>(Panicked));
        }
        let runs = join_all((0..64).map(async |n| {
            let permit = pool.acquire(None).await;
            pool.run(permit, move || n).await
        }));
        assert_eq!(runs.await, (0..64).map(Ok).collect::<Vec<_>>());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn threads_have_lower_priority_than_the_runtime() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        let pool = ComputePool::start("compute");
        let permit = pool.acquire(None).await;
        let of_thread = pool.run(permit, nice).await.unwrap();
        assert!(of_thread > before || before == 19, "{of_thread}, {before}");
        assert_eq!(nice(), before, "others keep theirs");
    }
}
