//! Indexes the words of messages after they were stored, never in the transaction of their delivery: deliveries are several times
//! faster.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration as StdDuration, Instant},
};

use mayfly_database::lease::every_leased;
use mayfly_runtime::task::Tasks;
use mayfly_types::AccountId;
use parking_lot::Mutex;
use time::Duration;
use tokio::sync::Notify;

use crate::{error::Error, service::Service};

/// Mailboxes that wait. Those beyond it are found by the periodic task.
const MAX_WAITING: usize = 10_000;
/// Mailboxes of one turn.
const MAILBOXES: usize = 100;
/// Messages of one turn.
const TURN: usize = 100;
/// How long messages wait for others: together they cost fewer transactions.
const PAUSE: StdDuration = StdDuration::from_millis(200);
/// While mail is delivered, the indexer pauses so many times as long as it works: deliveries come first.
const YIELD: u32 = 15;
/// The period of the task that finds what was missed: messages that a process which died had stored.
const EVERY: StdDuration = StdDuration::from_secs(60);
/// How long a process that died keeps other processes from that task.
const LEASE_TTL: Duration = Duration::seconds(150);

/// The mailboxes that have new messages. Searches do not depend on it: they index what they would miss.
#[derive(Debug, Default)]
pub(crate) struct IndexQueue {
    waiting: Mutex<HashSet<AccountId>>,
    wake: Notify,
    /// Counts additions.
    added: AtomicU64,
}

impl IndexQueue {
    /// Adds mailboxes that got messages.
    pub(crate) fn add(&self, accounts: impl IntoIterator<Item = AccountId>) {
        self.added.fetch_add(1, Ordering::Relaxed);
        self.put(accounts);
    }

    fn put(&self, accounts: impl IntoIterator<Item = AccountId>) {
        let mut waiting = self.waiting.lock();
        let room = MAX_WAITING.saturating_sub(waiting.len());
        waiting.extend(accounts.into_iter().take(room));
        self.wake.notify_one();
    }

    fn take(&self) -> Vec<AccountId> {
        let mut waiting = self.waiting.lock();
        let some: Vec<AccountId> = waiting.iter().copied().take(MAILBOXES).collect();
        for account in &some {
            waiting.remove(account);
        }
        some
    }

    fn added(&self) -> u64 {
        self.added.load(Ordering::Relaxed)
    }
}

/// Starts indexing.
pub(crate) fn start(service: &Arc<Service>, tasks: &Tasks) {
    let (worker, stopping) = (Arc::clone(service), tasks.stopping());
    tasks.spawn_vital("search indexer", async move {
        tokio::select! {
            () = run(&worker) => {}
            () = stopping.cancelled() => {}
        }
    });
    let lease = service
        .store
        .lease("search indexer", service.clock.clone(), LEASE_TTL);
    let service = Arc::clone(service);
    let job = move || {
        let service = Arc::clone(&service);
        async move { find_missed(&service).await }
    };
    every_leased(tasks, "search index", StdDuration::ZERO, EVERY, lease, job, || ());
}

async fn run(service: &Service) {
    let queue = &service.index_queue;
    loop {
        queue.wake.notified().await;
        tokio::time::sleep(PAUSE).await;
        loop {
            let accounts = queue.take();
            if accounts.is_empty() {
                break;
            }
            let (started, added) = (Instant::now(), queue.added());
            match service.index_those(accounts.clone(), TURN).await {
                Ok(true) => {}
                Ok(false) => queue.put(accounts),
                // The periodic task finds the messages again.
                Err(error) => tracing::warn!(%error, "cannot index messages"),
            }
            if queue.added() != added {
                tokio::time::sleep(started.elapsed() * YIELD).await;
            }
        }
    }
}

/// Adds mailboxes with messages that are not indexed, as many as there is room for.
async fn find_missed(service: &Service) -> Result<(), Error> {
    let mut after: Option<AccountId> = None;
    loop {
        let accounts = service.list_unindexed(after).await?;
        after = accounts.last().copied();
        let has_room = service.index_queue.waiting.lock().len() < MAX_WAITING;
        service.index_queue.put(accounts);
        if after.is_none() || !has_room {
            return Ok(());
        }
    }
}
