//! Outcomes of attempts: what follows from them, and the task that records them.

use std::{collections::BTreeMap, sync::Arc};

use mayfly_database::Database;
use mayfly_runtime::telemetry;
use mayfly_types::{SharedClock, WebhookEventId, WebhookId, unix_millis};
use opentelemetry::{KeyValue, metrics::Counter};
use tokio::sync::mpsc;

use crate::{
    error::Error,
    retry_schedule,
    ssrf_guard::{Response, SendError},
    store::{
        attempts,
        entities::{webhook_attempt, webhook_event},
        events,
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
                SendError::Url(_) | SendError::Refused | SendError::NotAllowed(_) => "refused",
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
        let changes = Changes::of(std::mem::take(&mut batch), unix_millis(clock.now()));
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

#[cfg(test)]
mod tests {
    use mayfly_types::{AttemptId, Clock, SystemClock};

    use super::*;

    const NOW_MS: i64 = 1_800_000_000_000;

    fn outcome(webhook: WebhookId, attempt: i32, status: u16) -> AttemptOutcome {
        let now = SystemClock.now();
        let event = webhook_event::Model {
            id: WebhookEventId::new(now),
            webhook_id: webhook,
            body: String::new(),
            traceparent: None,
            attempts: attempt - 1,
            next_attempt_at_ms: Some(NOW_MS),
        };
        let row = webhook_attempt::Model {
            id: AttemptId::new(now),
            webhook_id: webhook,
            event_id: event.id,
            attempt,
            status_code: Some(i32::from(status)),
            error: None,
            duration_ms: 7,
            created_at_ms: NOW_MS,
        };
        AttemptOutcome {
            event,
            claimed_until_ms: NOW_MS,
            result: Ok(Response {
                status,
                retry_after: None,
            }),
            attempt: row,
        }
    }

    fn webhook() -> WebhookId {
        WebhookId::new(SystemClock.now())
    }

    #[test]
    fn changes_of_failed_attempt_reschedule_event() {
        let id = webhook();
        let changes = Changes::of(vec![outcome(id, 1, 500)], NOW_MS);
        let (_, _, next) = changes.failed[0];
        // Five seconds with jitter.
        assert!((4_000..=6_000).contains(&(next.unwrap() - NOW_MS)));
        let change = changes.webhooks[&id];
        assert_eq!((change.failures, change.has_failed), (1, false));
    }

    #[test]
    fn changes_of_gone_or_last_attempt_fail_webhook() {
        for (attempt, status) in [(1, 410), (10, 500)] {
            let id = webhook();
            let changes = Changes::of(vec![outcome(id, attempt, status)], NOW_MS);
            assert_eq!(changes.failed[0].2, None, "{status}");
            assert!(changes.webhooks[&id].has_failed, "{status}");
        }
    }

    #[test]
    fn changes_of_success_reset_failures_before_it() {
        let id = webhook();
        let batch = [500, 204, 500].map(|status| outcome(id, 1, status));
        let changes = Changes::of(batch.into(), NOW_MS);
        let change = changes.webhooks[&id];
        assert_eq!((change.answered_in_ms, change.failures), (Some(7), 1));
        assert_eq!((changes.delivered[&NOW_MS].len(), changes.failed.len()), (1, 2));
        assert_eq!(changes.attempts.len(), 3);
    }
}
