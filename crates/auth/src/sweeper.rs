//! Removes expired rows in small batches with a pause between them, so that requests are not slowed down.

use std::{sync::Arc, time::Duration as StdDuration};

use mayfly_database::lease::every_leased;
use mayfly_runtime::task::Tasks;
use time::Duration;

use crate::{error::Error, service::Service};

/// The period of sweeps. Expired rows have no effect, so sweeping late harms nothing.
const EVERY: StdDuration = StdDuration::from_secs(300);
/// How long a holder that died keeps other processes from sweeping. Longer than the period, so a live holder renews in time.
const LEASE_TTL: Duration = Duration::seconds(330);
/// The pause between two batches.
const PAUSE: StdDuration = StdDuration::from_millis(10);
/// How long events of the audit log are kept.
const AUDIT_KEPT: Duration = Duration::days(90);
/// Rows of a batch.
const BATCH: u64 = 100;

/// Starts the sweeper. Of several replicas one sweeps.
pub(crate) fn start(service: Arc<Service>, tasks: &Tasks) {
    let lease = service.store.lease("sweeper", service.clock.clone(), LEASE_TTL);
    let job = move || {
        let service = Arc::clone(&service);
        async move { sweep(&service).await }
    };
    every_leased(tasks, "auth sweeper", EVERY, EVERY, lease, job, || {});
}

/// Sweeps until no expired row is left.
pub(crate) async fn sweep(service: &Service) -> Result<(), Error> {
    while service
        .store
        .sweep_idempotency_keys(service.clock.now(), BATCH)
        .await?
        > 0
    {
        tokio::time::sleep(PAUSE).await;
    }
    let now = service.clock.now();
    while service.store.sweep_audit_events(now - AUDIT_KEPT, BATCH).await? > 0 {
        tokio::time::sleep(PAUSE).await;
    }
    service.store.sweep_token_usage(now.unix_timestamp()).await?;
    Ok(())
}
