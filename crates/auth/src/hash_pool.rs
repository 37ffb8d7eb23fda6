//! Hashes passwords on threads of its own, one per core by default, behind a bounded queue. A flood of sign-ins is
//! refused at once and cannot occupy the threads that serve everything else.

use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use mayfly_runtime::telemetry::{meter, seconds};
use mayfly_types::random_bytes;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::{
    error::Error,
    model::{
        mailbox_secret::{MailboxSecret, StoredSecret, Verification},
        password::{Memory, Password, StoredPassword},
    },
};

/// The pool. Dropping it ends each thread after its current job.
pub(crate) struct HashPool {
    shared: Arc<Shared>,
    max_queued: usize,
    refusals: Counter<u64>,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    duration: Histogram<f64>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

/// One piece of work, and who waits for its result.
struct Job {
    /// The metric label.
    operation: &'static str,
    work: Box<dyn Work>,
}

trait Work: Send {
    /// Returns whether the caller has disconnected.
    fn is_abandoned(&self) -> bool;
    /// Does the work. A caller that has disconnected meanwhile is not an error.
    fn run(self: Box<Self>, memory: &mut Memory);
}

struct Call<F, T> {
    hash: F,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<F, T> Work for Call<F, T>
where
    F: FnOnce(&mut Memory) -> Result<T, Error> + Send,
    T: Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(self: Box<Self>, memory: &mut Memory) {
        let Self { hash, reply } = *self;
        let _ = reply.send(hash(memory));
    }
}

impl HashPool {
    /// Starts the threads; `workers` 0 means one per core.
    pub(crate) fn start(workers: u32, max_queued: u32) -> io::Result<Self> {
        let workers = match usize::try_from(workers) {
            Ok(0) | Err(_) => thread::available_parallelism()?.get(),
            Ok(workers) => workers,
        };
        let pool = Self::without_threads(usize::try_from(max_queued).unwrap_or(usize::MAX));
        for _ in 0..workers {
            let shared = Arc::clone(&pool.shared);
            thread::Builder::new()
                .name("hash".to_owned())
                .spawn(move || shared.work())?;
        }
        Ok(pool)
    }

    fn without_threads(max_queued: usize) -> Self {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            wake: Condvar::new(),
            duration: seconds(
                "auth.hash.duration",
                "Duration of one password hash, waiting not included",
            ),
        });
        let observed = Arc::downgrade(&shared);
        let _ = meter()
            .u64_observable_gauge("auth.hash.waiting")
            .with_description("Passwords that wait for a hashing thread")
            .with_callback(move |observer| {
                if let Some(shared) = observed.upgrade() {
                    observer.observe(shared.queue.lock().jobs.len() as u64, &[]);
                }
            })
            .build();
        let refusals = meter()
            .u64_counter("auth.hash.refusals")
            .with_description("Passwords refused because too many waited")
            .build();
        Self {
            shared,
            max_queued,
            refusals,
        }
    }

    /// Hashes a password for storage.
    #[tracing::instrument(name = "auth.hash", level = "debug", skip_all)]
    pub(crate) async fn hash(&self, password: Password) -> Result<StoredPassword, Error> {
        self.call("hash", move |memory| memory.hash(&password)).await
    }

    /// Compares a password with a stored hash. Without one it does the same work and returns false.
    #[tracing::instrument(name = "auth.hash", level = "debug", skip_all)]
    pub(crate) async fn verify(
        &self,
        password: Password,
        stored: Option<StoredPassword>,
    ) -> Result<bool, Error> {
        self.call("verify", move |memory| memory.verify(&password, stored.as_ref()))
            .await
    }

    /// Hashes the secret of a mailbox for storage.
    #[tracing::instrument(name = "auth.hash", level = "debug", skip_all)]
    pub(crate) async fn hash_secret(
        &self,
        secret: MailboxSecret,
        keeps_key: bool,
    ) -> Result<StoredSecret, Error> {
        self.call("hash", move |memory| memory.hash_secret(&secret, keeps_key))
            .await
    }

    /// Compares the secret of a mailbox with what is stored. Without anything stored it does the same work and returns
    /// [`Verification::Failed`].
    #[tracing::instrument(name = "auth.hash", level = "debug", skip_all)]
    pub(crate) async fn verify_secret(
        &self,
        secret: MailboxSecret,
        stored: Option<StoredSecret>,
        keeps_key: bool,
    ) -> Result<Verification, Error> {
        let verify = move |memory: &mut Memory| memory.verify_secret(&secret, stored.as_ref(), keeps_key);
        self.call("verify", verify).await
    }

    /// Ends the threads and fails all queued jobs.
    pub(crate) fn close(&self) {
        let mut queue = self.shared.queue.lock();
        queue.is_closed = true;
        queue.jobs.clear();
        drop(queue);
        self.shared.wake.notify_all();
    }

    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        hash: impl FnOnce(&mut Memory) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(Call { hash, reply });
        self.submit(Job { operation, work })?;
        answer.await.unwrap_or(Err(Error::Stopping))
    }

    fn submit(&self, job: Job) -> Result<(), Error> {
        let mut queue = self.shared.queue.lock();
        if queue.is_closed {
            return Err(Error::Stopping);
        }
        if queue.jobs.len() >= self.max_queued {
            // Jobs whose callers have disconnected must not take up the queue.
            queue.jobs.retain(|job| !job.work.is_abandoned());
        }
        if queue.jobs.len() >= self.max_queued {
            drop(queue);
            self.refusals.add(1, &[]);
            // Jitter: clients that are refused together must not retry together.
            let seconds = 1 + u64::from(random_bytes::<1>()[0] % 2);
            return Err(Error::Overloaded {
                retry_after: Duration::from_secs(seconds),
            });
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.shared.wake.notify_one();
        Ok(())
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn work(&self) {
        let mut memory = Memory::default();
        while let Some(job) = self.next_job(&mut memory) {
            let (started, operation) = (Instant::now(), job.operation);
            if catch_unwind(AssertUnwindSafe(|| job.work.run(&mut memory))).is_err() {
                tracing::error!(operation, "a hashing thread panicked");
                memory = Memory::default();
            }
            let labels = [KeyValue::new("operation", operation)];
            self.duration.record(started.elapsed().as_secs_f64(), &labels);
        }
    }

    /// Waits for a job whose caller is still connected; `None` when the pool closes.
    fn next_job(&self, memory: &mut Memory) -> Option<Job> {
        let mut queue = self.queue.lock();
        loop {
            if queue.is_closed {
                return None;
            }
            match queue.jobs.pop_front() {
                Some(job) if job.work.is_abandoned() => {}
                Some(job) => return Some(job),
                None if memory.is_dirty() => {
                    drop(queue);
                    memory.wipe();
                    queue = self.queue.lock();
                }
                None => self.wake.wait(&mut queue),
            }
        }
    }
}

#[cfg(test)]
mod tests;
