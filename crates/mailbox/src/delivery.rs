//! The one writer of deliveries: those that wait at the same moment are committed together, one fsync for many.

mod owned;

use std::{collections::HashMap, sync::Arc};

use mayfly_runtime::{bus::Publisher, database::Database, task::Tasks, telemetry};
use mayfly_types::{AccountId, Clock, ErrorCode, MessageId, NewMessage, SharedClock, UserId};
use opentelemetry::metrics::{Counter, Histogram};
use sea_orm::DatabaseTransaction;
use time::OffsetDateTime;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tracing::{Instrument, Span};
use uuid::Uuid;

use self::owned::Owned;
use crate::{
    error::Error,
    mime::Summary,
    store::{
        Mailbox, Message, RawMessage, Store,
        cache::{Cache, Ticket},
        deliveries,
        entities::webhook_event,
        mailboxes, millis, webhook_events, webhooks,
    },
    webhooks::{NewEmail, new_event},
};

/// Deliveries that may wait.
const QUEUE: usize = 1024;
/// Deliveries of one commit: beyond it the fsync is cheap already, and the first should not wait for the last.
const MAX_BATCH: usize = 256;
/// Bytes of one commit, unless a single message is larger.
const MAX_BATCH_BYTES: usize = 2 << 20;
/// Memory for messages under way, in units of [`UNIT`].
const MEMORY_UNITS: usize = (256 << 20) / UNIT;
const UNIT: usize = 1024;

/// A message to store, for all of its mailboxes or for none.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// In order, each once.
    pub(crate) accounts: Vec<Uuid>,
    pub(crate) sender: String,
    pub(crate) summary: Summary,
    /// As they are stored.
    pub(crate) findings: Option<String>,
    pub(crate) raw: Vec<u8>,
    /// In which it arrives; what webhooks are told is linked to it.
    pub(crate) span: Span,
}

type Answer = oneshot::Sender<Result<Vec<MessageId>, Error>>;

#[derive(Debug)]
struct Waiting {
    delivery: Arc<Delivery>,
    answer: Answer,
    span: Span,
    _memory: OwnedSemaphorePermit,
}

/// Where deliveries wait for the writer.
#[derive(Debug)]
pub(crate) struct DeliveryQueue {
    waiting: mpsc::Sender<Waiting>,
    memory: Arc<Semaphore>,
}

impl DeliveryQueue {
    /// Starts the writer.
    pub(crate) fn start(
        store: &Store,
        events: Publisher,
        clock: SharedClock,
        webhooks: Arc<Notify>,
        tasks: &Tasks,
    ) -> Self {
        let (waiting, arrivals) = mpsc::channel(QUEUE);
        let meter = telemetry::meter();
        let writer = Writer {
            database: store.database().clone(),
            cache: store.cache().clone(),
            events,
            clock,
            webhooks,
            batch_size: meter
                .u64_histogram("mayfly.mailbox.delivery.batch.size")
                .with_description("Deliveries of one commit")
                .build(),
            stored: meter
                .u64_counter("mayfly.mailbox.messages.stored")
                .with_description("Messages stored, one for each mailbox")
                .build(),
        };
        let stopping = tasks.stopping();
        tasks.spawn_vital("delivery writer", async move {
            writer.run(arrivals, stopping.cancelled_owned()).await;
        });
        Self {
            waiting,
            memory: Arc::new(Semaphore::new(MEMORY_UNITS)),
        }
    }

    /// Sets memory aside for a message, or refuses at once.
    pub(crate) fn set_aside(&self, size: usize) -> Result<OwnedSemaphorePermit, Error> {
        let units = u32::try_from(size.div_ceil(UNIT).min(MEMORY_UNITS)).unwrap_or(u32::MAX);
        let permit = self.memory.clone().try_acquire_many_owned(units);
        permit.map_err(|_| Error::Overloaded)
    }

    /// Stores a message; returns after the commit, with an id for each mailbox.
    pub(crate) async fn store(
        &self,
        delivery: Delivery,
        memory: OwnedSemaphorePermit,
    ) -> Result<Vec<MessageId>, Error> {
        let (answer, outcome) = oneshot::channel();
        let waiting = Waiting {
            delivery: Arc::new(delivery),
            answer,
            span: Span::current(),
            _memory: memory,
        };
        self.waiting.try_send(waiting).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Error::Stopping,
        })?;
        outcome.await.unwrap_or(Err(Error::Stopping))
    }
}

struct Writer {
    database: Arc<Database>,
    cache: Arc<Cache>,
    events: Publisher,
    clock: SharedClock,
    /// Wakes their dispatcher.
    webhooks: Arc<Notify>,
    batch_size: Histogram<u64>,
    stored: Counter<u64>,
}

type Outcome = Result<Vec<MessageId>, Error>;

impl Writer {
    async fn run(self, mut arrivals: mpsc::Receiver<Waiting>, stopping: impl Future<Output = ()>) {
        tokio::pin!(stopping);
        loop {
            let first = tokio::select! {
                biased;
                first = arrivals.recv() => first,
                () = &mut stopping => break,
            };
            let Some(first) = first else { return };
            let batch = batch(first, &mut arrivals);
            let span = batch_span(&batch);
            self.write(batch).instrument(span).await;
        }
        // What was handed over before the end is still stored; what comes now is refused.
        arrivals.close();
        while let Some(first) = arrivals.recv().await {
            let batch = batch(first, &mut arrivals);
            let span = batch_span(&batch);
            self.write(batch).instrument(span).await;
        }
    }

    async fn write(&self, batch: Vec<Waiting>) {
        let deliveries: Arc<[Arc<Delivery>]> = batch.iter().map(|waiting| waiting.delivery.clone()).collect();
        self.batch_size
            .record(u64::try_from(batch.len()).unwrap_or(u64::MAX), &[]);
        match self.commit(deliveries).await {
            Ok(outcomes) => {
                for (waiting, outcome) in batch.into_iter().zip(outcomes) {
                    self.answer(waiting, outcome);
                }
            }
            // One of them may be what the database cannot take: alone, it fails alone. A store that is away would
            // refuse each of them just the same.
            Err(error) if batch.len() > 1 && error.code() != ErrorCode::Unavailable => {
                tracing::warn!(%error, deliveries = batch.len(), "a batch failed; storing its deliveries one by one");
                for waiting in batch {
                    let alone = self.commit([waiting.delivery.clone()].into()).await;
                    let outcome = alone.and_then(|mut outcomes| {
                        outcomes
                            .pop()
                            .unwrap_or(Err(Error::Defect("a delivery without an outcome")))
                    });
                    self.answer(waiting, outcome);
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for waiting in batch {
                    self.answer(waiting, Err(Error::Batch(error.clone())));
                }
            }
        }
    }

    fn answer(&self, waiting: Waiting, outcome: Outcome) {
        if let Ok(ids) = &outcome {
            self.stored.add(u64::try_from(ids.len()).unwrap_or(u64::MAX), &[]);
        }
        // The caller may have given up; the message is stored all the same.
        let _ = waiting.answer.send(outcome);
    }

    /// Tells of what was stored. Those who hear of it find it in the database.
    fn tell(&self, deliveries: &[Arc<Delivery>], outcomes: &[Outcome], owners: &HashMap<Uuid, Option<Uuid>>) {
        for (delivery, outcome) in deliveries.iter().zip(outcomes) {
            let ids = outcome.as_deref().unwrap_or_default();
            for (account, message_id) in delivery.accounts.iter().zip(ids) {
                let event = NewMessage {
                    account_id: AccountId::from_uuid(*account),
                    owner: owners.get(account).copied().flatten().map(UserId::from_uuid),
                    message_id: *message_id,
                };
                self.events.publish(event.to_string());
            }
        }
    }

    async fn commit(&self, deliveries: Arc<[Arc<Delivery>]>) -> Result<Vec<Outcome>, Error> {
        let clock = self.clock.clone();
        let published = deliveries.clone();
        let accounts = accounts_of(&deliveries);
        let tickets: HashMap<Uuid, Ticket> = accounts
            .iter()
            .map(|account| (*account, self.cache.begin(*account)))
            .collect();
        let committed = self
            .database
            .tx("deliver_messages", move |tx| {
                let (deliveries, accounts, clock) = (deliveries.clone(), accounts.clone(), clock.clone());
                Box::pin(async move { store_all(tx, &deliveries, &accounts, &*clock).await })
            })
            .await;
        match committed {
            Ok((outcomes, changed)) => {
                let owners: HashMap<Uuid, Option<Uuid>> = changed
                    .iter()
                    .map(|mailbox| (mailbox.id, mailbox.owner_user_id))
                    .collect();
                if changed.iter().any(|mailbox| mailbox.owner_user_id.is_some()) {
                    self.webhooks.notify_one();
                }
                let changed = changed
                    .into_iter()
                    .filter_map(|mailbox| Some((*tickets.get(&mailbox.id)?, mailbox)));
                self.cache.replace(changed.collect());
                self.tell(&published, &outcomes, &owners);
                Ok(outcomes)
            }
            Err(error) => {
                // What became of the commit may be unknown.
                for account in tickets.keys() {
                    self.cache.forget(*account);
                }
                Err(error)
            }
        }
    }
}

/// The mailboxes of deliveries, each once, in order.
fn accounts_of(deliveries: &[Arc<Delivery>]) -> Vec<Uuid> {
    let mut accounts: Vec<Uuid> = deliveries
        .iter()
        .flat_map(|delivery| delivery.accounts.clone())
        .collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

fn batch(first: Waiting, arrivals: &mut mpsc::Receiver<Waiting>) -> Vec<Waiting> {
    let mut bytes = first.delivery.raw.len();
    let mut batch = vec![first];
    while batch.len() < MAX_BATCH
        && bytes < MAX_BATCH_BYTES
        && let Ok(next) = arrivals.try_recv()
    {
        bytes += next.delivery.raw.len();
        batch.push(next);
    }
    batch
}

/// One commit belongs to the trace of its first delivery, and is linked to those of the others.
fn batch_span(batch: &[Waiting]) -> Span {
    let parent = batch.first().and_then(|first| first.span.id());
    let span = tracing::debug_span!(parent: parent, "mailbox.deliver_batch", deliveries = batch.len());
    for waiting in batch.iter().skip(1) {
        span.follows_from(&waiting.span);
    }
    span
}

/// Decides on each delivery before anything is written, so that a full mailbox fails no other delivery. Returns the
/// mailboxes that have less room now.
async fn store_all(
    tx: &DatabaseTransaction,
    deliveries: &[Arc<Delivery>],
    accounts: &[Uuid],
    clock: &dyn Clock,
) -> Result<(Vec<Outcome>, Vec<Arc<Mailbox>>), Error> {
    let mut room: HashMap<Uuid, Room> = HashMap::with_capacity(accounts.len());
    for some in accounts.chunks(1000) {
        let found = mailboxes::lock_active(tx, some).await?;
        room.extend(
            found
                .into_iter()
                .map(|mailbox| (mailbox.id, Room { mailbox, taken: 0 })),
        );
    }
    let now = clock.now();
    let mut owned = Owned::lock(tx, &room, now).await?;
    let (mut raw_rows, mut message_rows, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    let mut spans = HashMap::new();
    for delivery in deliveries {
        let outcome = decide(delivery, &mut room, &mut owned);
        if let Ok(ids) = &outcome
            && let Some(raw_id) = ids.first()
        {
            raw_rows.push(RawMessage {
                id: raw_id.as_uuid(),
                bytes: delivery.raw.clone(),
                findings: delivery.findings.clone(),
            });
            spans.insert(raw_id.as_uuid(), &delivery.span);
            let rows = ids.iter().zip(&delivery.accounts);
            message_rows.extend(rows.map(|(id, account)| row(delivery, *account, *id, *raw_id, now)));
        }
        outcomes.push(outcome);
    }
    let events = events(tx, &message_rows, &room, &spans, now).await?;
    deliveries::insert_raw(tx, raw_rows).await?;
    deliveries::insert_messages(tx, message_rows).await?;
    webhook_events::insert(tx, events).await?;
    let mut changed: Vec<Room> = room.into_values().filter(|room| room.taken > 0).collect();
    changed.sort_unstable_by_key(|room| room.mailbox.id);
    for some in changed.chunks(100) {
        let changes: Vec<(Uuid, i64, Uuid)> = some
            .iter()
            .filter_map(|room| Some((room.mailbox.id, room.taken, room.mailbox.last_message_id?)))
            .collect();
        mailboxes::note_deliveries(tx, &changes).await?;
    }
    owned.note(tx).await?;
    let changed = changed.into_iter().map(|room| {
        let used_bytes = room.mailbox.used_bytes + room.taken;
        Arc::new(Mailbox {
            used_bytes,
            ..room.mailbox
        })
    });
    Ok((outcomes, changed.collect()))
}

/// Makes what webhooks are told of messages. Mailboxes without an owner, which most are, cost nothing here.
async fn events(
    tx: &DatabaseTransaction,
    messages: &[Message],
    room: &HashMap<Uuid, Room>,
    spans: &HashMap<Uuid, &Span>,
    now: OffsetDateTime,
) -> Result<Vec<webhook_event::Model>, Error> {
    let mailbox_of = |message: &Message| room.get(&message.account_id).map(|room| &room.mailbox);
    let mut owners: Vec<Uuid> = messages
        .iter()
        .filter_map(|message| mailbox_of(message)?.owner_user_id)
        .collect();
    owners.sort_unstable();
    owners.dedup();
    if owners.is_empty() {
        return Ok(Vec::new());
    }
    let webhooks = webhooks::list_active(tx, &owners).await?;
    if webhooks.is_empty() {
        return Ok(Vec::new());
    }
    let mut events = Vec::new();
    for message in messages {
        let traceparent = spans.get(&message.raw_id).and_then(|span| traceparent_of(span));
        let Some(mailbox) = mailbox_of(message) else {
            continue;
        };
        let of_owner = webhooks
            .iter()
            .filter(|webhook| Some(webhook.owner_user_id) == mailbox.owner_user_id);
        events.extend(of_owner.map(|webhook| {
            new_event(
                webhook.id,
                &NewEmail::of(message, &mailbox.address),
                traceparent.clone(),
                now,
            )
        }));
    }
    Ok(events)
}

fn traceparent_of(span: &Span) -> Option<String> {
    let mut headers = http::HeaderMap::new();
    telemetry::inject(span, &mut headers);
    let value = headers.get("traceparent")?.to_str().ok()?;
    Some(value.to_owned())
}

/// A mailbox, and how much of its room the batch takes.
struct Room {
    mailbox: Mailbox,
    taken: i64,
}

impl Room {
    fn left(&self) -> i64 {
        self.mailbox
            .quota_bytes
            .saturating_sub(self.mailbox.used_bytes)
            .saturating_sub(self.taken)
    }
}

/// Takes room for a delivery in all of its mailboxes, or in none.
fn decide(delivery: &Delivery, room: &mut HashMap<Uuid, Room>, owned: &mut Owned) -> Outcome {
    let size = size_of(delivery);
    for account in &delivery.accounts {
        let room = room.get(account).ok_or(Error::NotFound)?;
        if room.left() < size {
            return Err(Error::MailboxFull);
        }
    }
    let mut ids = Vec::with_capacity(delivery.accounts.len());
    for account in &delivery.accounts {
        if let Some(room) = room.get_mut(account) {
            room.taken += size;
            ids.push(owned.next(&mut room.mailbox, size));
        }
    }
    Ok(ids)
}

fn size_of(delivery: &Delivery) -> i64 {
    i64::try_from(delivery.raw.len()).unwrap_or(i64::MAX)
}

fn row(delivery: &Delivery, account: Uuid, id: MessageId, raw_id: MessageId, now: OffsetDateTime) -> Message {
    let summary = &delivery.summary;
    Message {
        account_id: account,
        id: id.as_uuid(),
        raw_id: raw_id.as_uuid(),
        sender: delivery.sender.clone(),
        from_header: summary.from.clone(),
        subject: summary.subject.clone(),
        preview_text: summary.preview_text.clone(),
        size_bytes: size_of(delivery),
        is_read: false,
        created_at_ms: millis(now),
        parse_status: summary.status,
    }
}
