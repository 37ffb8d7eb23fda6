//! The dispatcher: claims due events of the receivers that the scheduler chooses, and posts them. A claim expires by itself, so
//! the events of a killed process are due again within half a minute.

mod in_flight;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration as StdDuration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use mayfly_database::Database;
use mayfly_runtime::{task::Tasks, telemetry};
use mayfly_types::{AttemptId, SharedClock, WebhookId};
use opentelemetry::{KeyValue, metrics::Histogram};
use time::Duration;
use tokio::sync::{Notify, mpsc};
use tracing::Instrument;

use self::in_flight::{InFlight, InFlightGuard};
use crate::{
    attempt_outcome::{AttemptFailure, AttemptOutcome, record_all},
    error::Error,
    scheduler::{CLASSES, ClassSnapshot, MAX_IN_FLIGHT, ReceiverClass},
    secret::Secrets,
    ssrf_guard::{GuardedClient, Response},
    store::{
        entities::{webhook, webhook_attempt, webhook_event},
        events, millis, webhooks,
    },
};

/// Longer than an attempt and the transactions around it.
const CLAIM: Duration = Duration::seconds(25);
/// The interval of rounds without a wake-up.
const POLL: StdDuration = StdDuration::from_secs(1);
/// How long attempts may continue while the process stops. An aborted attempt is due again when its claim expires.
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
    /// Starts the dispatcher and the task that records outcomes.
    pub(crate) fn start(self) {
        let (outcomes, recorded) = mpsc::channel(MAX_IN_FLIGHT);
        self.tasks.spawn_vital(
            "webhook outcome recorder",
            record_all(self.database.clone(), self.clock.clone(), recorded),
        );
        let (stopping, tasks) = (self.tasks.stopping(), self.tasks.clone());
        let mut rounds = Rounds {
            classes: CLASSES.map(ClassState::new),
            outcomes,
            duration: telemetry::seconds(
                "mayfly.webhook.attempt.duration",
                "Duration of attempts to deliver an event",
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
                            tracing::warn!(%error, "cannot claim due webhook events");
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
    ) -> AttemptOutcome {
        let started = Instant::now();
        let now = self.clock.now();
        let result = self.post(webhook, &event, millis(now)).await;
        let attempt = webhook_attempt::Model {
            id: AttemptId::new(now),
            webhook_id: webhook.id,
            event_id: event.id,
            attempt: event.attempts.saturating_add(1),
            status_code: result.as_ref().ok().map(|response| i32::from(response.status)),
            error: result.as_ref().err().map(AttemptFailure::to_string),
            duration_ms: i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX),
            created_at_ms: millis(now),
        };
        AttemptOutcome {
            event,
            claimed_until_ms,
            result,
            attempt,
        }
    }

    async fn post(
        &self,
        webhook: &webhook::Model,
        event: &webhook_event::Model,
        now_ms: i64,
    ) -> Result<Response, AttemptFailure> {
        let headers = self.secrets.sign(webhook, event.id, now_ms, &event.body);
        let mut headers = headers.ok_or(AttemptFailure::Secret)?;
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("Mayfly"));
        let body = Bytes::copy_from_slice(event.body.as_bytes());
        Ok(self.client.post(&webhook.url, headers, body).await?)
    }
}

/// The mutable part of a class.
struct ClassState {
    class: ReceiverClass,
    in_flight: InFlight,
    cursor: Option<WebhookId>,
}

impl ClassState {
    fn new(class: ReceiverClass) -> Self {
        Self {
            class,
            in_flight: InFlight::default(),
            cursor: None,
        }
    }

    fn snapshot(&self) -> ClassSnapshot {
        ClassSnapshot {
            class: self.class,
            in_flight: self.in_flight.snapshot(),
            cursor: self.cursor,
        }
    }
}

/// A receiver that starts attempts in this round.
#[derive(Clone)]
struct Granted {
    /// The index of its class.
    class: usize,
    webhook: Arc<webhook::Model>,
    attempts: usize,
}

/// The state of the dispatcher's loop.
struct Rounds {
    dispatcher: Arc<Dispatcher>,
    classes: [ClassState; CLASSES.len()],
    outcomes: mpsc::Sender<AttemptOutcome>,
    duration: Histogram<f64>,
}

impl Rounds {
    /// Starts the attempts of a round. Returns whether another round may find more.
    async fn run(&mut self) -> Result<bool, Error> {
        let now = self.dispatcher.clock.now();
        let (now_ms, until_ms) = (millis(now), millis(now + CLAIM));
        let granted = self.grant(now_ms).await?;
        if granted.is_empty() {
            return Ok(false);
        }
        for Granted { class, webhook, .. } in &granted {
            self.classes[*class].cursor = Some(webhook.id);
        }
        let claimed = self.claim(granted, now_ms, until_ms).await?;
        let has_started = !claimed.is_empty();
        for (granted, event) in claimed {
            let guard = self.classes[granted.class].in_flight.begin(granted.webhook.id);
            self.start(granted.webhook, event, until_ms, guard);
        }
        Ok(has_started)
    }

    /// Takes a snapshot of every class with free capacity, reads its due receivers, and returns the scheduler's grants.
    async fn grant(&self, now_ms: i64) -> Result<Vec<Granted>, Error> {
        let snapshots: Vec<(usize, ClassSnapshot)> = self
            .classes
            .iter()
            .map(ClassState::snapshot)
            .enumerate()
            .filter(|(_, snapshot)| snapshot.free() > 0)
            .collect();
        let granted = self.dispatcher.database.read("find_due_webhooks", move |c| {
            Box::pin(async move {
                // Most rounds find nothing, by an index alone.
                if !events::is_due(c, now_ms).await? {
                    return Ok(Vec::new());
                }
                let mut grants = Vec::new();
                for (class, snapshot) in snapshots {
                    let (health, limit) = (snapshot.class.health, snapshot.candidates());
                    let due = webhooks::list_due(c, health, snapshot.cursor, now_ms, limit).await?;
                    grants.extend(snapshot.grants(&due).into_iter().map(|grant| (class, grant)));
                }
                if grants.is_empty() {
                    return Ok(Vec::new());
                }
                let ids = grants.iter().map(|(_, grant)| grant.webhook_id).collect();
                let found = webhooks::list_by_ids(c, ids).await?;
                let found: HashMap<WebhookId, Arc<webhook::Model>> = found
                    .into_iter()
                    .map(|webhook| (webhook.id, Arc::new(webhook)))
                    .collect();
                let granted = grants.into_iter().filter_map(|(class, grant)| {
                    Some(Granted {
                        class,
                        webhook: found.get(&grant.webhook_id)?.clone(),
                        attempts: grant.attempts,
                    })
                });
                Ok::<_, Error>(granted.collect())
            })
        });
        granted.await
    }

    /// Claims the events of granted attempts.
    async fn claim(
        &self,
        granted: Vec<Granted>,
        now_ms: i64,
        until_ms: i64,
    ) -> Result<Vec<(Granted, webhook_event::Model)>, Error> {
        let claimed = self.dispatcher.database.tx("claim_webhook_events", move |tx| {
            let granted = granted.clone();
            Box::pin(async move {
                let mut claimed = Vec::new();
                for receiver in granted {
                    let (id, limit) = (receiver.webhook.id, receiver.attempts);
                    let events = events::claim(tx, id, now_ms, until_ms, limit).await?;
                    claimed.extend(events.into_iter().map(|event| (receiver.clone(), event)));
                }
                Ok::<_, Error>(claimed)
            })
        });
        claimed.await
    }

    fn start(
        &self,
        webhook: Arc<webhook::Model>,
        event: webhook_event::Model,
        until_ms: i64,
        guard: InFlightGuard,
    ) {
        let (dispatcher, outcomes) = (self.dispatcher.clone(), self.outcomes.clone());
        let duration = self.duration.clone();
        let span = span_of(&event);
        let stopping = self.dispatcher.tasks.stopping();
        let work = async move {
            let grace = async {
                stopping.cancelled().await;
                tokio::time::sleep(GRACE).await;
            };
            let outcome = tokio::select! {
                outcome = dispatcher.attempt(&webhook, event, until_ms) => Some(outcome),
                () = grace => None,
            };
            if let Some(outcome) = outcome {
                let millis = u32::try_from(outcome.attempt.duration_ms).unwrap_or(u32::MAX);
                let label = KeyValue::new("outcome", outcome.label());
                duration.record(f64::from(millis) / 1000.0, &[label]);
                // Fails only when the recorder has ended: then the claim expires.
                let _ = outcomes.send(outcome).await;
            }
            drop(guard);
            dispatcher.wake.notify_one();
        };
        self.dispatcher.tasks.spawn(work.instrument(span));
    }
}

/// Returns a span with a trace of its own, linked to the trace that created the event.
fn span_of(event: &webhook_event::Model) -> tracing::Span {
    let span = tracing::debug_span!(parent: None, "webhooks.attempt_delivery", otel.kind = "client", attempts = event.attempts);
    let traceparent = event.traceparent.as_deref().map(HeaderValue::from_str);
    if let Some(Ok(traceparent)) = traceparent {
        telemetry::link_remote(
            &span,
            &HeaderMap::from_iter([(http::HeaderName::from_static("traceparent"), traceparent)]),
        );
    }
    span
}
