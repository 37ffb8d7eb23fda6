//! Checks verified domains again, each once a day, a few at a time.

use std::{sync::Arc, time::Duration as StdDuration};

use futures_util::{TryStreamExt, stream};
use mayfly_database::lease::{Lease, every_leased};
use mayfly_runtime::task::Tasks;
use time::Duration;

use crate::{
    error::Error,
    service::Service,
    store::{custom_domains, millis},
};

/// The period at which due domains are looked for.
const EVERY: StdDuration = StdDuration::from_secs(60);
/// Longer than a batch takes.
const LEASE_TTL: Duration = Duration::seconds(60);
/// How long a checked domain is left alone.
const CHECK_INTERVAL: Duration = Duration::days(1);
/// Domains of a batch.
const BATCH: u64 = 50;
/// Domains checked at the same time: a batch takes at most half a minute, when every look-up times out.
const AT_ONCE: usize = 10;

/// Starts the checks. Of several replicas one checks.
pub(crate) fn start(service: Arc<Service>, tasks: &Tasks) {
    let lease = service
        .store
        .lease("domain_checks", service.clock.clone(), LEASE_TTL);
    let held = lease.clone();
    let job = move || {
        let (service, held) = (Arc::clone(&service), held.clone());
        async move { check_while_held(&service, &held).await }
    };
    every_leased(
        tasks,
        "mailbox domain checks",
        StdDuration::ZERO,
        EVERY,
        lease,
        job,
        || {},
    );
}

/// Checks all due domains. Renews the lease after each batch, and stops when another process has acquired it.
async fn check_while_held(service: &Service, lease: &Lease) -> Result<(), Error> {
    while check_batch(service).await? > 0 {
        if !lease.acquire().await? {
            break;
        }
    }
    Ok(())
}

/// Checks all due domains.
pub(crate) async fn check(service: &Service) -> Result<(), Error> {
    while check_batch(service).await? > 0 {}
    Ok(())
}

/// Checks a batch. Returns its size.
async fn check_batch(service: &Service) -> Result<usize, Error> {
    let before_ms = millis(service.clock.now() - CHECK_INTERVAL);
    let due = service
        .store
        .read("list_due_domains", |c| {
            Box::pin(async move { Ok(custom_domains::list_due(c, before_ms, BATCH).await?) })
        })
        .await?;
    let count = due.len();
    stream::iter(
        due.into_iter()
            .map(|domain| Ok::<_, Error>(service.check_domain(domain))),
    )
    .try_buffer_unordered(AT_ONCE)
    .try_collect::<()>()
    .await?;
    Ok(count)
}
