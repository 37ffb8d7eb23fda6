//! Removes what is past its time: small batches with a pause between them, so that requests do not notice.

use std::{sync::Arc, time::Duration};

use mayfly_runtime::task::Tasks;

use crate::{error::Error, service::Service};

/// How often is swept. What is swept counts no more, so that nobody waits for it.
const EVERY: Duration = Duration::from_secs(300);
/// The pause between two batches.
const PAUSE: Duration = Duration::from_millis(10);
/// Rows of a batch.
const BATCH: u64 = 100;

/// Starts the sweeper. Of several processes each may sweep: what one removes the others do not find.
pub(crate) fn start(service: Arc<Service>, tasks: &Tasks) {
    let stopping = tasks.stopping();
    tasks.spawn_vital("auth sweeper", async move {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                swept = sweep(&service) => if let Err(error) = swept {
                    tracing::warn!(%error, "cannot sweep");
                },
            }
        }
    });
}

/// Sweeps until nothing is left that is past its time.
pub(crate) async fn sweep(service: &Service) -> Result<(), Error> {
    while service
        .store
        .sweep_idempotency_keys(service.clock.now(), BATCH)
        .await?
        > 0
    {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
