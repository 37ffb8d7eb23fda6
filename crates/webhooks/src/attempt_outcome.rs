//! Outcomes of attempts: what follows from them, and the task that records them.

use std::{collections::BTreeMap, sync::Arc};

use mayfly_database::Database;
use mayfly_runtime::telemetry;
use mayfly_types::{SharedClock, WebhookEventId, WebhookId};
use opentelemetry::{KeyValue, metrics::Counter};
use tokio::sync::mpsc;

use crate::{
    error::Error,
    retry_schedule,
    ssrf_guard::{Response, SendError},
    store::{
        attempts,
        entities::{webhook_attempt, webhook_event},
        events, millis,
        webhooks::{self, Change},
    },
};

/// Outcomes recorded in one transaction.
const BATCH: usize = 128;

/// How an attempt ended.
pub(crate) struct AttemptOutcome {
    pub(crate) event: webhook_event::Model,
    pub(crate) claimed_until_ms: i64,
    pub(crate) result: Result<Response, AttemptFailure>,
    pub(crate) attempt: webhook_attempt::Model,
}

/// Why there is no response. Owners see the text.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(crate) enum AttemptFailure {
    #[error("{0}")]
    Send(#[from] SendError),
    #[error("the secret cannot be read: rotate it")]
    Secret,
}

/// What happens to an event after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    RetryAt(i64),
    /// The event is given up and its webhook fails.
    Fail,
}

impl AttemptOutcome {
    fn is_delivered(&self) -> bool {
        matches!(&self.result, Ok(response) if (200..300).contains(&response.status))
    }

    /// Returns the value of the metrics' label `outcome`.
    pub(crate) fn label(&self) -> &'static str {
        match &self.result {
            Ok(_) if self.is_delivered() => "delivered",
            Ok(_) => "status",
            Err(AttemptFailure::Secret) => "secret",
            Err(AttemptFailure::Send(error)) => match error {
                SendError::Url(_) | SendError::Refused => "refused",
                SendError::Unresolved => "unresolved",
                SendError::Connect => "connect",
                SendError::Tls => "tls",
                SendError::Http => "http",
                SendError::Timeout => "timeout",
            },
        }
    }

    fn next(&self, now_ms: i64) -> Next {
        let retry_after = match &self.result {
            Ok(response) if response.status == 410 => return Next::Fail,
            Ok(response) if matches!(response.status, 429 | 503) => response.retry_after,
            _ => None,
        };
        match retry_schedule::pause(self.attempt.attempt, retry_after, now_ms) {
            Some(pause) => {
                let pause = i64::try_from(pause.whole_milliseconds()).unwrap_or(i64::MAX);
                Next::RetryAt(now_ms.saturating_add(pause))
            }
            None => Next::Fail,
        }
    }
}

/// Records outcomes, in batches, until every sender is gone.
pub(crate) async fn record_all(
    database: Arc<Database>,
    clock: SharedClock,
    mut outcomes: mpsc::Receiver<AttemptOutcome>,
) {
    let attempts: Counter<u64> = telemetry::meter()
        .u64_counter("mayfly.webhook.attempts")
        .with_description("Attempts to deliver an event, by outcome")
        .build();
    let mut batch = Vec::new();
    while outcomes.recv_many(&mut batch, BATCH).await > 0 {
        for outcome in &batch {
            attempts.add(1, &[KeyValue::new("outcome", outcome.label())]);
        }
        let changes = Changes::of(std::mem::take(&mut batch), millis(clock.now()));
        if let Err(error) = changes.write(&database).await {
            tracing::warn!(%error, "cannot record the outcome of attempts: their events are delivered again");
        }
    }
}

/// The changes that follow from a batch of outcomes. Rows are sorted, because transactions that lock several rows use one order.
#[derive(Debug, Clone, Default)]
struct Changes {
    attempts: Vec<webhook_attempt::Model>,
    /// By the end of their claim: events of one claim are updated together.
    delivered: BTreeMap<i64, Vec<WebhookEventId>>,
    /// Event, end of its claim, next attempt.
    failed: Vec<(WebhookEventId, i64, Option<i64>)>,
    webhooks: BTreeMap<WebhookId, Change>,
    now_ms: i64,
}

impl Changes {
    fn of(batch: Vec<AttemptOutcome>, now_ms: i64) -> Self {
        let mut changes = Self {
            now_ms,
            ..Self::default()
        };
        for outcome in batch {
            let (id, claim) = (outcome.event.id, outcome.claimed_until_ms);
            let webhook = changes.webhooks.entry(outcome.event.webhook_id).or_default();
            if outcome.is_delivered() {
                (webhook.answered_in_ms, webhook.failures) = (Some(outcome.attempt.duration_ms), 0);
                changes.delivered.entry(claim).or_default().push(id);
            } else {
                webhook.failures += 1;
                let next = match outcome.next(now_ms) {
                    Next::RetryAt(at_ms) => Some(at_ms),
                    Next::Fail => {
                        webhook.has_failed = true;
                        None
                    }
                };
                changes.failed.push((id, claim, next));
            }
            changes.attempts.push(outcome.attempt);
        }
        changes.delivered.values_mut().for_each(|ids| ids.sort_unstable());
        changes.failed.sort_unstable();
        changes
    }

    async fn write(self, database: &Database) -> Result<(), Error> {
        database
            .tx("record_webhook_attempts", move |tx| {
                let Self {
                    attempts,
                    delivered,
                    failed,
                    webhooks,
                    now_ms,
                } = self.clone();
                Box::pin(async move {
                    attempts::insert(tx, attempts).await?;
                    for (claimed_until_ms, ids) in delivered {
                        events::mark_delivered(tx, claimed_until_ms, &ids).await?;
                    }
                    for (id, claimed_until_ms, next) in failed {
                        events::reschedule(tx, id, claimed_until_ms, next).await?;
                    }
                    for (id, change) in webhooks {
                        webhooks::update(tx, id, change, now_ms).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await
    }
}
