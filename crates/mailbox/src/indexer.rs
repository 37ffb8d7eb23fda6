//! Indexes the words of messages after they were stored, never in the transaction of their delivery: deliveries are several times
//! faster.

use std::{
    sync::Arc,
    time::{Duration as StdDuration, Instant},
};

use mayfly_database::lease::every_leased;
use mayfly_runtime::task::Tasks;
use mayfly_types::AccountId;
use time::Duration;

use crate::{
    error::Error,
    service::{IndexOutcome, Service},
};

/// Messages of one turn.
const TURN: usize = 100;
/// How long messages wait for others: together they cost fewer transactions.
const PAUSE: StdDuration = StdDuration::from_millis(200);
/// Deliveries come first. After each turn the indexer pauses for the time that the turn took, multiplied by the number of deliveries
/// that had to wait for the writer meanwhile, and at most by this.
const MAX_PAUSE_FACTOR: u32 = 63;
/// The longest pause. A turn can be long because it waited.
const MAX_PAUSE: StdDuration = StdDuration::from_secs(10);
/// The period of the task that finds what was missed: messages that a process which died had stored.
const EVERY: StdDuration = StdDuration::from_secs(60);
/// How long a process that died keeps other processes from that task.
const LEASE_TTL: Duration = Duration::seconds(150);

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
        queue.ready().await;
        tokio::time::sleep(PAUSE).await;
        loop {
            let accounts = queue.take();
            if accounts.is_empty() {
                break;
            }
            let (started, waited) = (Instant::now(), queue.waited());
            match service.index_those(accounts.clone(), TURN).await {
                Ok(IndexOutcome::LimitReached) => {
                    queue.put(accounts);
                }
                // The periodic task finds the messages again that cannot be read now.
                Ok(IndexOutcome::AllIndexed | IndexOutcome::Unreadable) => {}
                Err(error) => tracing::warn!(%error, "cannot index messages"),
            }
            let waited = u32::try_from(queue.waited() - waited).unwrap_or(u32::MAX);
            let pause = started.elapsed() * waited.clamp(1, MAX_PAUSE_FACTOR);
            tokio::time::sleep(pause.min(MAX_PAUSE)).await;
        }
    }
}

/// Adds mailboxes with messages that are not indexed, as many as there is room for.
async fn find_missed(service: &Service) -> Result<(), Error> {
    let mut after: Option<AccountId> = None;
    loop {
        let accounts = service.list_unindexed(after).await?;
        after = accounts.last().copied();
        if !service.index_queue.put(accounts) || after.is_none() {
            return Ok(());
        }
    }
}
