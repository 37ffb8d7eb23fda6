//! The dispatcher: claims what is due, webhook by webhook, and has it told. A claim lapses by itself, so that what a
//! killed process had claimed is due again within half a minute.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration as StdDuration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use mayfly_runtime::{database::Database, task::Tasks, telemetry};
use mayfly_types::{DeliveryId, SharedClock};
use opentelemetry::{KeyValue, metrics::Histogram};
use time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tracing::Instrument;
use uuid::Uuid;

use super::{
    Secrets,
    settled::{Failure, Settled, settle_all},
};
use crate::{
    error::Error,
    outbound::{Answer, GuardedClient},
    store::{
        entities::{webhook, webhook_attempt, webhook_event},
        millis,
        webhook_events::{self, Taken},
    },
};

/// Attempts of this process that are under way at once.
const ATTEMPTS: usize = 256;
/// Those of one webhook, as long as it answers.
const ATTEMPTS_OF_ONE: usize = 8;
/// An answering webhook may have this part of what is free, and one in any case: so that many which hang together cannot
/// take everything before their attempts have failed.
const SHARE: usize = 16;
/// As long as no more than so many attempts are free, failing webhooks begin none.
const FOR_ANSWERING: usize = ATTEMPTS / 2;
/// Webhooks that are looked at in one round; the next round goes on after them.
const ROUND: u64 = 32;
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

/// Attempts under way, webhook by webhook.
type Busy = Arc<Mutex<HashMap<Uuid, usize>>>;

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
            slots: Arc::new(Semaphore::new(ATTEMPTS)),
            busy: Busy::default(),
            after: Uuid::nil(),
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
    slots: Arc<Semaphore>,
    busy: Busy,
    /// The webhook that the last round ended with.
    after: Uuid,
    settled: mpsc::Sender<Settled>,
    duration: Histogram<f64>,
}

impl Rounds {
    /// Begins attempts for some webhooks. Returns whether another round may find more.
    async fn run(&mut self) -> Result<bool, Error> {
        let Dispatcher { database, clock, .. } = &*self.dispatcher;
        let mut slots = self.slots.available_permits();
        if slots == 0 {
            return Ok(false);
        }
        let now = clock.now();
        let (after, now_ms, taken) = (self.after, millis(now), self.taken(slots));
        let due: Vec<webhook::Model> = database
            .read("find_due_webhooks", move |c| {
                let taken = taken.clone();
                Box::pin(async move {
                    // Most looks find nothing, by an index alone.
                    if !webhook_events::is_due(c, now_ms).await? {
                        return Ok::<_, Error>(Vec::new());
                    }
                    Ok(webhook_events::list_due_webhooks(c, &taken, after, now_ms, ROUND).await?)
                })
            })
            .await?;
        let Some(last) = due.last() else {
            // Around again, if this round did not begin at the beginning.
            let has_wrapped = !self.after.is_nil();
            self.after = Uuid::nil();
            return Ok(has_wrapped);
        };
        self.after = last.id;
        let mut wanted = Vec::new();
        for webhook in &due {
            let room = self.room(webhook, slots).min(slots);
            slots -= room;
            if room > 0 {
                wanted.push((webhook.id, u64::try_from(room).unwrap_or(0)));
            }
        }
        let until_ms = millis(now + CLAIM);
        let claimed: Vec<webhook_event::Model> = database
            .tx("claim_webhook_events", move |tx| {
                let wanted = wanted.clone();
                Box::pin(async move {
                    let mut claimed = Vec::new();
                    for (webhook, room) in wanted {
                        claimed.extend(webhook_events::claim(tx, webhook, now_ms, until_ms, room).await?);
                    }
                    Ok::<_, Error>(claimed)
                })
            })
            .await?;
        let may_find_more = !claimed.is_empty() || due.len() == usize::try_from(ROUND).unwrap_or(0);
        for event in claimed {
            let webhook = due.iter().find(|webhook| webhook.id == event.webhook_id);
            let slot = self.slots.clone().try_acquire_owned();
            if let (Some(webhook), Ok(slot)) = (webhook, slot) {
                self.begin(webhook.clone(), event, until_ms, slot);
            }
        }
        Ok(may_find_more)
    }

    /// Which webhooks can have no more attempts under way here while so many are free.
    fn taken(&self, free: usize) -> Taken {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let share = share(free);
        Taken {
            all: busy
                .iter()
                .filter_map(|(id, count)| (*count >= share).then_some(*id))
                .collect(),
            of_failing: (free > FOR_ANSWERING).then(|| busy.keys().copied().collect()),
        }
    }

    /// How many more attempts a webhook may have under way here: one that fails has no more than one, so that those who
    /// do not answer cannot take all slots.
    fn room(&self, webhook: &webhook::Model, free: usize) -> usize {
        let most = if webhook.failure_count == 0 {
            share(free)
        } else {
            usize::from(free > FOR_ANSWERING)
        };
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        most.saturating_sub(busy.get(&webhook.id).copied().unwrap_or(0))
    }

    fn begin(
        &self,
        webhook: webhook::Model,
        event: webhook_event::Model,
        until_ms: i64,
        slot: OwnedSemaphorePermit,
    ) {
        let (dispatcher, busy, settled) = (self.dispatcher.clone(), self.busy.clone(), self.settled.clone());
        let duration = self.duration.clone();
        *busy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(webhook.id)
            .or_default() += 1;
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
            {
                let mut busy = busy.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(count) = busy.get_mut(&webhook.id) {
                    *count -= 1;
                    if *count == 0 {
                        busy.remove(&webhook.id);
                    }
                }
            }
            drop(slot);
            dispatcher.wake.notify_one();
        };
        self.dispatcher.tasks.spawn(work.instrument(span));
    }
}

/// How many attempts an answering webhook may have under way while so many are free.
fn share(free: usize) -> usize {
    (free / SHARE).clamp(1, ATTEMPTS_OF_ONE)
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
