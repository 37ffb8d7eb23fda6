//! Removes expired rows in small batches with a pause between them, so that requests are not slowed down.

use std::{sync::Arc, time::Duration as StdDuration};

use mayfly_database::{idempotency, lease::every_leased};
use mayfly_runtime::task::Tasks;
use mayfly_types::MessageId;
use mayfly_webhooks::Sweep;
use time::{Duration, OffsetDateTime};

use crate::{
    config,
    error::Error,
    model,
    service::{FORGOTTEN, Service},
    store::{custom_domains, mailboxes, millis, outbox, sweeps, usage_days},
};

/// The period of sweeps: a lapsed reservation is freed within a minute.
const EVERY: StdDuration = StdDuration::from_secs(15);
/// How long a holder that died keeps other processes from sweeping.
const LEASE_TTL: Duration = Duration::seconds(40);
/// The pause between two batches.
const PAUSE: StdDuration = StdDuration::from_millis(10);
/// Rows of a batch.
const BATCH: u64 = 100;

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

#[derive(Debug, Clone, Copy)]
enum Broom {
    Leases,
    Idle,
    Retention,
    Deleted,
    Orphans,
    Tombstones,
    Webhooks,
    RemovedWebhooks,
    Overfull,
    Domains,
    Usage,
    IdempotencyKeys,
}

/// Sweeps until nothing is left that is past its time.
pub(crate) async fn sweep(service: &Service) -> Result<(), Error> {
    service.webhooks.report_backlog().await?;
    let brooms = [
        Broom::Leases,
        Broom::Idle,
        Broom::Retention,
        Broom::Deleted,
        Broom::Orphans,
        Broom::Tombstones,
        Broom::Webhooks,
        Broom::RemovedWebhooks,
        Broom::Overfull,
        Broom::Domains,
        Broom::Usage,
        Broom::IdempotencyKeys,
    ];
    for broom in brooms {
        loop {
            let swept = sweep_batch(service, broom).await;
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

/// Removes one batch. Returns how much was removed.
async fn sweep_batch(service: &Service, broom: Broom) -> Result<usize, Error> {
    let now = service.clock.now();
    let oldest = MessageId::floor(service.oldest()).as_uuid();
    match broom {
        Broom::Leases => end_mailboxes(service, Broom::Leases, now, millis(now)).await,
        Broom::Idle => {
            let since = now.checked_sub(config::duration(service.config.idle));
            let since = since.unwrap_or(OffsetDateTime::UNIX_EPOCH);
            end_mailboxes(service, Broom::Idle, now, millis(since)).await
        }
        Broom::Retention => {
            let swept = service.store.write("sweep_messages", None, move |tx| {
                Box::pin(async move { Ok(sweeps::remove_deliveries_before(tx, oldest, BATCH).await?) })
            });
            Ok(swept.await?.len())
        }
        Broom::Deleted => {
            let swept = service.store.write("sweep_deleted_mailboxes", None, |tx| {
                Box::pin(async move { Ok(sweeps::remove_messages_of_deleted(tx, BATCH).await?) })
            });
            swept.await
        }
        Broom::Orphans => {
            let swept = service.store.write("sweep_orphans", None, move |tx| {
                Box::pin(async move { Ok(sweeps::remove_orphans_before(tx, oldest, BATCH).await?) })
            });
            Ok(usize::try_from(swept.await?).unwrap_or(usize::MAX))
        }
        Broom::Tombstones => {
            let before = now.checked_sub(config::duration(service.config.tombstone));
            let before_ms = millis(before.unwrap_or(OffsetDateTime::UNIX_EPOCH));
            let swept = service.store.write("sweep_tombstones", None, move |tx| {
                Box::pin(async move { Ok(sweeps::remove_tombstones(tx, before_ms, BATCH).await?) })
            });
            swept.await
        }
        Broom::Webhooks => sweep_webhooks(service, Sweep::OlderThan(service.oldest())).await,
        Broom::RemovedWebhooks => sweep_webhooks(service, Sweep::Deleted).await,
        Broom::Overfull => sweep_webhooks(service, Sweep::Overfull).await,
        Broom::Domains => {
            let before_ms = millis(now - FORGOTTEN);
            let swept = service.store.write("sweep_domains", None, move |tx| {
                Box::pin(async move { Ok(custom_domains::remove_waiting(tx, before_ms, BATCH).await?) })
            });
            swept.await
        }
        Broom::Usage => {
            let oldest = model::day_of(now) - model::USAGE_DAYS;
            let swept = service.store.write("sweep_usage_days", None, move |tx| {
                Box::pin(async move { Ok(usage_days::remove_before(tx, oldest, BATCH).await?) })
            });
            Ok(usize::try_from(swept.await?).unwrap_or(usize::MAX))
        }
        Broom::IdempotencyKeys => {
            let swept = service.store.write("sweep_idempotency_keys", None, move |tx| {
                Box::pin(async move { Ok(idempotency::sweep(tx, now, BATCH).await?) })
            });
            Ok(usize::try_from(swept.await?).unwrap_or(usize::MAX))
        }
    }
}

async fn sweep_webhooks(service: &Service, sweep: Sweep) -> Result<usize, Error> {
    let swept = service.webhooks.sweep(sweep, BATCH).await?;
    Ok(usize::try_from(swept).unwrap_or(usize::MAX))
}

/// Ends lapsed reservations, which leave nothing, or idle mailboxes, which leave a tombstone; either way their
/// credentials must go.
async fn end_mailboxes(
    service: &Service,
    broom: Broom,
    now: OffsetDateTime,
    limit_ms: i64,
) -> Result<usize, Error> {
    let is_lease = matches!(broom, Broom::Leases);
    let name = if is_lease {
        "sweep_leases"
    } else {
        "sweep_idle_mailboxes"
    };
    let ended = service
        .store
        .write(name, None, move |tx| {
            Box::pin(async move {
                let ids = if is_lease {
                    sweeps::list_lapsed(tx, limit_ms, BATCH).await?
                } else {
                    sweeps::list_idle(tx, limit_ms, BATCH).await?
                };
                if ids.is_empty() {
                    return Ok(0);
                }
                if is_lease {
                    mailboxes::remove(tx, &ids).await?;
                } else {
                    mailboxes::bury(tx, &ids, millis(now)).await?;
                    custom_domains::forget_catch_alls(tx, &ids).await?;
                }
                outbox::delete_credentials(tx, &ids, now).await?;
                Ok(ids.len())
            })
        })
        .await?;
    if ended > 0 {
        service.outbox.notify_one();
    }
    Ok(ended)
}
