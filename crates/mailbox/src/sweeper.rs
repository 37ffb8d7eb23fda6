//! Runs the sweep tasks in small batches with a pause between them, so that requests are not slowed down.

use std::{sync::Arc, time::Duration as StdDuration};

use mayfly_database::lease::every_leased;
use mayfly_runtime::task::Tasks;
use time::Duration;

use crate::{
    error::Error,
    service::{Service, SweepTask},
};

/// The period of sweeps: a lapsed reservation is freed within a minute.
const EVERY: StdDuration = StdDuration::from_secs(15);
/// How long a process that died keeps other processes from sweeping.
const LEASE_TTL: Duration = Duration::seconds(40);
/// The pause between two batches.
const PAUSE: StdDuration = StdDuration::from_millis(10);

/// The period in which orphaned blobs are looked for: all blobs are listed.
const BLOBS_EVERY: StdDuration = StdDuration::from_secs(3600);
/// How long a process that died keeps other processes from that.
const BLOBS_LEASE_TTL: Duration = Duration::hours(2);

/// Starts the sweeper. Of several replicas one sweeps.
pub(crate) fn start(service: Arc<Service>, tasks: &Tasks) {
    let lease = service.store.lease("sweeper", service.clock.clone(), LEASE_TTL);
    let standby = Arc::clone(&service);
    let job = move || {
        let service = Arc::clone(&service);
        async move { sweep(&service).await }
    };
    every_leased(tasks, "mailbox sweeper", EVERY, EVERY, lease, job, move || {
        standby.webhooks.clear_backlog();
    });
}

/// Starts the sweep of blobs that no message names. Of several replicas one sweeps.
pub(crate) fn start_for_blobs(service: &Arc<Service>, tasks: &Tasks) {
    let clock = service.clock.clone();
    let lease = service.store.lease("blob sweeper", clock, BLOBS_LEASE_TTL);
    let service = Arc::clone(service);
    let job = move || {
        let service = Arc::clone(&service);
        async move {
            let removed = service.blobs.sweep(&service.store).await?;
            if removed > 0 {
                tracing::info!(removed, "blobs of deliveries that were not completed are removed");
            }
            Ok::<(), Error>(())
        }
    };
    every_leased(tasks, "blob sweeper", EVERY, BLOBS_EVERY, lease, job, || {});
}

/// Runs every task until it finds nothing more.
pub(crate) async fn sweep(service: &Service) -> Result<(), Error> {
    service.webhooks.report_backlog().await?;
    service.expiry.store(&service.store).await?;
    for task in SweepTask::ALL {
        loop {
            let swept = service.sweep_batch(task).await;
            if !matches!(swept, Ok(0)) {
                service.store.cache().clear();
            }
            if swept? == 0 {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}
