//! Looks verified domains up again, each once a day, a few at a time.

use std::{sync::Arc, time::Duration as StdDuration};

use futures_util::{TryStreamExt, stream};
use mayfly_runtime::task::Tasks;
use mayfly_types::AccountId;
use time::Duration;
use uuid::Uuid;

use crate::{
    error::Error,
    service::Service,
    store::{custom_domains, millis},
};

/// How often it is asked which domains are due.
const EVERY: StdDuration = StdDuration::from_secs(60);
/// How long a process that looks domains up keeps the others from it: longer than a batch takes.
const LEASE: Duration = Duration::seconds(60);
/// How long a domain is not looked up again.
const REST: Duration = Duration::days(1);
/// Domains of a batch.
const BATCH: u64 = 50;
/// Domains that are looked up at the same time: a batch takes half a minute at most, when none is answered.
const AT_ONCE: usize = 10;

/// Starts the checks.
pub(crate) fn start(service: Arc<Service>, tasks: &Tasks) {
    let stopping = tasks.stopping();
    let holder = AccountId::new(service.clock.now()).as_uuid();
    tasks.spawn_vital("mailbox domain checks", async move {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                checked = check_if_first(&service, holder) => if let Err(error) = checked {
                    tracing::warn!(%error, "cannot check domains");
                },
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    });
}

/// Looks up what is due, unless another process does.
async fn check_if_first(service: &Service, holder: Uuid) -> Result<(), Error> {
    loop {
        let now = service.clock.now();
        let is_first = service
            .store
            .take_lease("domain_checks", holder, now, LEASE)
            .await?;
        if !is_first || check_batch(service).await? == 0 {
            return Ok(());
        }
    }
}

/// Looks up all that is due.
pub(crate) async fn check(service: &Service) -> Result<(), Error> {
    while check_batch(service).await? > 0 {}
    Ok(())
}

/// Looks up a batch. Returns of how many.
async fn check_batch(service: &Service) -> Result<usize, Error> {
    let before_ms = millis(service.clock.now() - REST);
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
