//! The dispatcher: claims what is due, webhook by webhook, and has it told. A claim lapses by itself, so that what a
//! killed process had claimed is due again within half a minute.

use std::{
    sync::Arc,
    time::{Duration as StdDuration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use mayfly_database::Database;
use mayfly_runtime::{task::Tasks, telemetry};
use mayfly_types::{DeliveryId, SharedClock};
use opentelemetry::{KeyValue, metrics::Histogram};
use time::Duration;
use tokio::sync::{Notify, mpsc};
use tracing::Instrument;

use super::{
    Secrets,
    lane::{ATTEMPTS, Lane, Slot, Turn},
    settled::{Failure, Settled, settle_all},
};
use crate::{
    error::Error,
    outbound::{Answer, GuardedClient},
    store::{
        entities::{webhook, webhook_attempt, webhook_event},
        millis, webhook_events,
    },
};

/// Longer than an attempt and the transactions around it.
const CLAIM: Duration = Duration::seconds(25);
/// How often is looked without being woken.
const POLL: StdDuration = StdDuration::from_secs(1);
/// How long attempts may go on once the process stops. What is cut off is due again when its claim lapses.
const GRACE: StdDuration = StdDuration::from_secs(5);

/// What attempts need.
pub(crate) struct Dispatcher {
    pub(crate) database: Arc<Database>,
    pub(crate) clock: SharedClock,
    pub(crate) client: GuardedClient,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) tasks: Tasks,
}

impl Dispatcher {
    /// Starts the dispatcher and the task that writes outcomes.
    pub(crate) fn start(self) {
        let (settled, outcomes) = mpsc::channel(ATTEMPTS);
        self.tasks.spawn_vital(
            "webhook settler",
            settle_all(self.database.clone(), self.clock.clone(), outcomes),
        );
        let (stopping, tasks) = (self.tasks.stopping(), self.tasks.clone());
        let mut rounds = Rounds {
            lanes: Lane::all(),
            settled,
            duration: telemetry::seconds(
                "mayfly.webhook.attempt.duration",
                "Duration of attempts to tell an event",
            ),
            dispatcher: Arc::new(self),
        };
        tasks.spawn_vital("webhook dispatcher", async move {
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = rounds.dispatcher.wake.notified() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
                while !stopping.is_cancelled() {
                    match rounds.run().await {
                        Ok(false) => break,
                        Ok(true) => {}
                        Err(error) => {
                            tracing::warn!(%error, "cannot look for webhooks that are due");
                            break;
                        }
                    }
                }
            }
        });
    }

    async fn attempt(
        &self,
        webhook: &webhook::Model,
        event: webhook_event::Model,
        claimed_until_ms: i64,
    ) -> Settled {
        let started = Instant::now();
        let now = self.clock.now();
        let outcome = self.send(webhook, &event, millis(now)).await;
        let attempt = webhook_attempt::Model {
            id: DeliveryId::new(now).as_uuid(),
            webhook_id: webhook.id,
            event_id: event.id,
            attempt: event.attempts.saturating_add(1),
            status_code: outcome.as_ref().ok().map(|answer| i32::from(answer.status)),
            error: outcome.as_ref().err().map(Failure::to_string),
            duration_ms: i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX),
            created_at_ms: millis(now),
        };
        Settled {
            event,
            claimed_until_ms,
            outcome,
            attempt,
        }
    }

    async fn send(
        &self,
        webhook: &webhook::Model,
        event: &webhook_event::Model,
        now_ms: i64,
    ) -> Result<Answer, Failure> {
        let headers = self.secrets.sign(webhook, event.id, now_ms, &event.body);
        let mut headers = headers.ok_or(Failure::Secret)?;
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("Mayfly"));
        let body = Bytes::copy_from_slice(event.body.as_bytes());
        Ok(self.client.post(&webhook.url, headers, body).await?)
    }
}

/// The state of the dispatcher's loop.
struct Rounds {
    dispatcher: Arc<Dispatcher>,
    lanes: Vec<Lane>,
    settled: mpsc::Sender<Settled>,
    duration: Histogram<f64>,
}

impl Rounds {
    /// Begins attempts in each lane. Returns whether another round may find more.
    async fn run(&mut self) -> Result<bool, Error> {
        let now_ms = millis(self.dispatcher.clock.now());
        let is_due = self.dispatcher.database.read("find_due_webhook_event", move |c| {
            Box::pin(async move { Ok::<_, Error>(webhook_events::is_due(c, now_ms).await?) })
        });
        // Most looks find nothing, by an index alone.
        if !is_due.await? {
            return Ok(false);
        }
        let mut has_begun = false;
        for lane in 0..self.lanes.len() {
            has_begun |= self.run_lane(lane).await?;
        }
        Ok(has_begun)
    }

    /// Begins the attempts of those whose turn it is in a lane. Returns whether there are any.
    async fn run_lane(&mut self, lane: usize) -> Result<bool, Error> {
        let Dispatcher { database, clock, .. } = &*self.dispatcher;
        let now = clock.now();
        let (now_ms, until_ms) = (millis(now), millis(now + CLAIM));
        let look = self.lanes[lane].look();
        if !look.has_room() {
            return Ok(false);
        }
        let turns = database.read("find_due_webhooks", move |c| {
            Box::pin(async move { Ok::<_, Error>(look.turns(c, now_ms).await?) })
        });
        let turns = turns.await?;
        let Some(last) = turns.last() else {
            return Ok(false);
        };
        self.lanes[lane].went_on_to(last.webhook.id);
        let wanted = turns.clone();
        let claimed = database.tx("claim_webhook_events", move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move {
                let mut claimed = Vec::new();
                for Turn { webhook, attempts } in wanted {
                    let events = webhook_events::claim(tx, webhook.id, now_ms, until_ms, attempts).await?;
                    claimed.extend(events.into_iter().map(|event| (webhook.clone(), event)));
                }
                Ok::<_, Error>(claimed)
            })
        });
        let claimed = claimed.await?;
        let has_begun = !claimed.is_empty();
        for (webhook, event) in claimed {
            let slot = self.lanes[lane].take(webhook.id);
            self.begin(webhook, event, until_ms, slot);
        }
        Ok(has_begun)
    }

    fn begin(&self, webhook: webhook::Model, event: webhook_event::Model, until_ms: i64, slot: Slot) {
        let (dispatcher, settled) = (self.dispatcher.clone(), self.settled.clone());
        let duration = self.duration.clone();
        let span = span_of(&event);
        let stopping = self.dispatcher.tasks.stopping();
        let work = async move {
            let grace = async {
                stopping.cancelled().await;
                tokio::time::sleep(GRACE).await;
            };
            let attempted = tokio::select! {
                attempted = dispatcher.attempt(&webhook, event, until_ms) => Some(attempted),
                () = grace => None,
            };
            if let Some(attempted) = attempted {
                let millis = u32::try_from(attempted.attempt.duration_ms).unwrap_or(u32::MAX);
                let label = KeyValue::new("outcome", attempted.label());
                duration.record(f64::from(millis) / 1000.0, &[label]);
                // Closed only when the writer is gone: the claim lapses then.
                let _ = settled.send(attempted).await;
            }
            drop(slot);
            dispatcher.wake.notify_one();
        };
        self.dispatcher.tasks.spawn(work.instrument(span));
    }
}

/// A trace of its own, linked to the one of the mail.
fn span_of(event: &webhook_event::Model) -> tracing::Span {
    let span = tracing::debug_span!(parent: None, "mailbox.tell_webhook", otel.kind = "client", attempts = event.attempts);
    let traceparent = event.traceparent.as_deref().map(HeaderValue::from_str);
    if let Some(Ok(traceparent)) = traceparent {
        telemetry::link_remote(
            &span,
            &HeaderMap::from_iter([(http::HeaderName::from_static("traceparent"), traceparent)]),
        );
    }
    span
}
