//! How attempts ended: what follows from it, and that it is written.

use std::{collections::BTreeMap, sync::Arc};

use mayfly_database::Database;
use mayfly_runtime::telemetry;
use mayfly_types::SharedClock;
use opentelemetry::{KeyValue, metrics::Counter};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::schedule;
use crate::{
    error::Error,
    outbound::{Answer, Problem},
    store::{
        entities::{webhook_attempt, webhook_event},
        millis, webhook_events,
        webhooks::{self, Change},
    },
};

/// Outcomes that are written in one transaction.
const SETTLED_AT_ONCE: usize = 128;

/// How an attempt ended.
pub(super) struct Settled {
    pub(super) event: webhook_event::Model,
    pub(super) claimed_until_ms: i64,
    pub(super) outcome: Result<Answer, Failure>,
    pub(super) attempt: webhook_attempt::Model,
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Sending(#[from] Problem),
    #[error("the secret cannot be read: rotate it")]
    Secret,
}

impl Settled {
    fn is_delivered(&self) -> bool {
        matches!(&self.outcome, Ok(answer) if (200..300).contains(&answer.status))
    }

    /// The outcome as metrics name it.
    pub(super) fn label(&self) -> &'static str {
        match &self.outcome {
            Ok(_) if self.is_delivered() => "delivered",
            Ok(_) => "status",
            Err(Failure::Secret) => "secret",
            Err(Failure::Sending(problem)) => match problem {
                Problem::Url(_) | Problem::Refused => "refused",
                Problem::Unresolved => "unresolved",
                Problem::Connect => "connect",
                Problem::Tls => "tls",
                Problem::Http => "http",
                Problem::Timeout => "timeout",
            },
        }
    }

    /// Returns when it is tried again, if it is, and whether its webhook ends with it.
    fn next(&self, now_ms: i64) -> (Option<i64>, bool) {
        let retry_after = match &self.outcome {
            Ok(answer) if answer.status == 410 => return (None, true),
            Ok(answer) if matches!(answer.status, 429 | 503) => answer.retry_after,
            _ => None,
        };
        match schedule::pause(self.attempt.attempt, retry_after, now_ms) {
            Some(pause) => {
                let pause = i64::try_from(pause.whole_milliseconds()).unwrap_or(i64::MAX);
                (Some(now_ms.saturating_add(pause)), false)
            }
            None => (None, true),
        }
    }
}

/// Writes outcomes, many in one transaction, until nobody is left who has any.
pub(super) async fn settle_all(
    database: Arc<Database>,
    clock: SharedClock,
    mut outcomes: mpsc::Receiver<Settled>,
) {
    let attempts: Counter<u64> = telemetry::meter()
        .u64_counter("mayfly.webhook.attempts")
        .with_description("Attempts to tell an event, by outcome")
        .build();
    let mut batch = Vec::new();
    while outcomes.recv_many(&mut batch, SETTLED_AT_ONCE).await > 0 {
        for settled in &batch {
            attempts.add(1, &[KeyValue::new("outcome", settled.label())]);
        }
        if let Err(error) = settle(&database, millis(clock.now()), std::mem::take(&mut batch)).await {
            tracing::warn!(%error, "cannot write how attempts ended: their events are told again");
        }
    }
}

async fn settle(database: &Database, now_ms: i64, batch: Vec<Settled>) -> Result<(), Error> {
    let mut changes: Vec<(Uuid, Change)> = Vec::new();
    // What was claimed together is finished together.
    let mut done: BTreeMap<i64, Vec<Uuid>> = BTreeMap::new();
    let (mut failed, mut attempts) = (Vec::new(), Vec::new());
    for settled in batch {
        let id = settled.event.webhook_id;
        let at = changes.iter().position(|(known, _)| *known == id);
        let at = at.unwrap_or_else(|| {
            changes.push((id, Change::default()));
            changes.len() - 1
        });
        let change = &mut changes[at].1;
        if settled.is_delivered() {
            (change.answered_in_ms, change.failures) = (Some(settled.attempt.duration_ms), 0);
            done.entry(settled.claimed_until_ms)
                .or_default()
                .push(settled.event.id);
        } else {
            let (next, has_ended) = settled.next(now_ms);
            change.failures += 1;
            change.has_ended |= has_ended;
            failed.push((settled.event.id, settled.claimed_until_ms, next));
        }
        attempts.push(settled.attempt);
    }
    // All who lock several rows do it in one order.
    changes.sort_unstable_by_key(|(id, _)| *id);
    done.values_mut().for_each(|ids| ids.sort_unstable());
    failed.sort_unstable();
    database
        .tx("settle_webhook_events", move |tx| {
            let (done, failed, attempts, changes) =
                (done.clone(), failed.clone(), attempts.clone(), changes.clone());
            Box::pin(async move {
                webhook_events::insert_attempts(tx, attempts).await?;
                for (claimed_until_ms, ids) in done {
                    webhook_events::finish(tx, claimed_until_ms, &ids).await?;
                }
                for (id, claimed_until_ms, next) in failed {
                    webhook_events::defer(tx, id, claimed_until_ms, next).await?;
                }
                for (id, change) in changes {
                    webhooks::note(tx, id, change, now_ms).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await
}
