//! The delivery writer: commits waiting deliveries together, with one fsync (group commit).

mod batch;
mod filtered;
mod memory;
mod owned;

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use mayfly_database::Database;
use mayfly_mime::Summary;
use mayfly_runtime::{fair::Permit, task::Tasks, telemetry};
use mayfly_shared::bus::Publisher;
use mayfly_types::{
    AccountId, BlobId, ErrorCode, MailboxEvent, MessageId, MessageReceived, SharedClock, UserId,
};
use mayfly_webhooks::Webhooks;
use opentelemetry::metrics::{Counter, Histogram};
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument, Span};

use self::{
    batch::{AnonymousBounds, Stored, store_all},
    memory::Memory,
};
use crate::{
    blobs::NewBlob,
    error::Error,
    index_queue::IndexQueue,
    storage::StorageGuard,
    store::{
        Store,
        cache::{Cache, Ticket},
        extracted::StoredExtracted,
    },
};

/// Largest number of waiting deliveries.
const QUEUE: usize = 1024;
/// Deliveries of one commit. Beyond it the fsync is cheap already, and the first should not wait for the last.
const MAX_BATCH: usize = 256;
/// Bytes in the rows of one commit, beyond its last message. Those of blobs are stored before.
const MAX_BATCH_BYTES: usize = 2 << 20;
/// Recipients of the messages of one commit, beyond those of its last message: each is a row.
const MAX_BATCH_ROWS: usize = 256;

/// A message to store for all of its mailboxes or for none.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// Sorted, without duplicates.
    pub(crate) accounts: Vec<AccountId>,
    /// Of a client that has logged in.
    pub(crate) submission: Option<Submission>,
    pub(crate) sender: String,
    pub(crate) summary: Summary,
    /// Those of the summary, as stored.
    pub(crate) addresses: String,
    pub(crate) extracted: StoredExtracted,
    pub(crate) raw: Bytes,
    /// The blob that has these bytes already.
    pub(crate) blob: Option<BlobId>,
    /// The span of the call. Webhook events link to it.
    pub(crate) span: Span,
}

impl Delivery {
    /// Returns how many of its bytes the commit writes.
    fn row_bytes(&self) -> usize {
        match self.blob {
            None => self.raw.len(),
            Some(_) => 0,
        }
    }
}

/// The envelope of a message for a sandbox.
#[derive(Debug)]
pub(crate) struct Submission {
    /// The mailbox of the sandbox. The other mailboxes of the delivery get a copy if they have room.
    pub(crate) sandbox: AccountId,
    /// How many messages the sandbox keeps.
    pub(crate) max_messages: i64,
    /// The recipients, as JSON.
    pub(crate) envelope_to: String,
    /// The client, as JSON.
    pub(crate) envelope_origin: String,
}

/// The mailboxes that got a message, with its id in each.
pub(crate) type StoredIds = Vec<(AccountId, MessageId)>;

type Answer = oneshot::Sender<Outcome>;

#[derive(Debug)]
struct Waiting {
    delivery: Arc<Delivery>,
    answer: Answer,
    span: Span,
    _memory: Permit,
}

/// The queue in front of the writer.
#[derive(Debug)]
pub(crate) struct DeliveryQueue {
    waiting: mpsc::Sender<Waiting>,
    memory: Memory,
}

impl DeliveryQueue {
    /// Starts the writer.
    pub(crate) fn start(
        store: &Store,
        events: Publisher,
        clock: SharedClock,
        webhooks: Arc<Webhooks>,
        storage: Arc<StorageGuard>,
        index_queue: Arc<IndexQueue>,
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
            storage,
            index_queue,
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
            memory: Memory::default(),
        }
    }

    /// Waits for memory for a message to a number of recipients.
    pub(crate) async fn reserve_memory(
        &self,
        size: usize,
        is_blob: bool,
        recipients: usize,
    ) -> Result<Permit, Error> {
        self.memory.reserve(size, is_blob, recipients).await
    }

    /// Stores a message; returns after the commit, with an id for each mailbox.
    pub(crate) async fn store(
        &self,
        delivery: Delivery,
        blob: Option<NewBlob>,
        memory: Permit,
    ) -> Result<StoredIds, Error> {
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
        // The writer commits its name, or the outbox entry that deletes it.
        if let Some(blob) = blob {
            blob.keep();
        }
        outcome.await.unwrap_or(Err(Error::Stopping))
    }
}

struct Writer {
    database: Arc<Database>,
    cache: Arc<Cache>,
    events: Publisher,
    clock: SharedClock,
    webhooks: Arc<Webhooks>,
    storage: Arc<StorageGuard>,
    index_queue: Arc<IndexQueue>,
    batch_size: Histogram<u64>,
    stored: Counter<u64>,
}

type Outcome = Result<StoredIds, Error>;

impl Writer {
    /// Stores what arrives, many messages in a commit.
    async fn run(self, mut arrivals: mpsc::Receiver<Waiting>, stopping: impl Future<Output = ()>) {
        tokio::pin!(stopping);
        loop {
            let first = tokio::select! {
                biased;
                first = arrivals.recv() => first,
                () = &mut stopping => break,
            };
            // The queue is gone, and with it those who would learn of their mail; what is left is stored.
            let Some(first) = first else { break };
            self.store_with(first, &mut arrivals).await;
        }
        // Deliveries that were queued before the stop are stored; later ones are rejected.
        arrivals.close();
        while let Some(first) = arrivals.recv().await {
            self.store_with(first, &mut arrivals).await;
        }
    }

    /// Stores a message with those that wait behind it.
    async fn store_with(&self, first: Waiting, arrivals: &mut mpsc::Receiver<Waiting>) {
        let batch = batch(first, arrivals);
        let span = batch_span(&batch);
        self.write(batch).instrument(span).await;
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
            // One row may be the cause: stored alone, it fails alone. If the database is unavailable, each would fail in
            // the same way.
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
        // The caller may be gone; the message is stored.
        let _ = waiting.answer.send(outcome);
    }

    /// Publishes stored messages. Subscribers read them from the database.
    fn publish(&self, outcomes: &[Outcome], owners: &HashMap<AccountId, Option<UserId>>) {
        for (account, message_id) in outcomes.iter().flatten().flatten() {
            let event = MessageReceived {
                account_id: *account,
                owner: owners.get(account).copied().flatten(),
                message_id: *message_id,
            };
            self.events
                .publish(MailboxEvent::MessageReceived(event).to_string());
        }
    }

    async fn commit(&self, deliveries: Arc<[Arc<Delivery>]>) -> Result<Vec<Outcome>, Error> {
        let clock = self.clock.clone();
        let bounds = AnonymousBounds {
            room: self.storage.anonymous_room(),
            day_bytes: self.storage.anonymous_day_bytes(),
            clients: self.storage.clients().cloned(),
        };
        let accounts = accounts_of(&deliveries);
        let tickets: HashMap<AccountId, Ticket> = accounts
            .iter()
            .map(|account| (*account, self.cache.begin(*account)))
            .collect();
        let committed = self
            .database
            .tx("deliver_messages", move |tx| {
                let (deliveries, accounts, clock) = (deliveries.clone(), accounts.clone(), clock.clone());
                let bounds = bounds.clone();
                Box::pin(async move { store_all(tx, &deliveries, &accounts, bounds, &*clock).await })
            })
            .await;
        match committed {
            Ok(Stored {
                outcomes,
                changed,
                anonymous_bytes,
                client_bytes,
            }) => {
                self.storage.add_anonymous(anonymous_bytes);
                if let Some(clients) = self.storage.clients() {
                    clients.add(&client_bytes);
                }
                let owners: HashMap<AccountId, Option<UserId>> = changed
                    .iter()
                    .map(|mailbox| (mailbox.id, mailbox.owner_user_id))
                    .collect();
                let owned = changed.iter().filter(|mailbox| mailbox.owner_user_id.is_some());
                let owned: Vec<AccountId> = owned.map(|mailbox| mailbox.id).collect();
                if !owned.is_empty() {
                    self.webhooks.wake();
                }
                self.index_queue.add(owned, outcomes.len());
                let changed = changed
                    .into_iter()
                    .filter_map(|mailbox| Some((*tickets.get(&mailbox.id)?, mailbox)));
                self.cache.replace(changed.collect());
                self.publish(&outcomes, &owners);
                Ok(outcomes)
            }
            Err(error) => {
                // The outcome of the commit can be unknown.
                for account in tickets.keys() {
                    self.cache.invalidate(*account);
                }
                Err(error)
            }
        }
    }
}

/// Returns the mailboxes of deliveries, sorted and without duplicates.
fn accounts_of(deliveries: &[Arc<Delivery>]) -> Vec<AccountId> {
    let mut accounts: Vec<AccountId> = deliveries
        .iter()
        .flat_map(|delivery| delivery.accounts.clone())
        .collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// Takes what waits behind a message, within the bounds of a commit.
fn batch(first: Waiting, arrivals: &mut mpsc::Receiver<Waiting>) -> Vec<Waiting> {
    let size_of = |waiting: &Waiting| (waiting.delivery.row_bytes(), waiting.delivery.accounts.len());
    collect(first, || arrivals.try_recv().ok(), size_of)
}

fn collect<T>(
    first: T,
    mut next: impl FnMut() -> Option<T>,
    size_of: impl Fn(&T) -> (usize, usize),
) -> Vec<T> {
    let (mut bytes, mut rows) = size_of(&first);
    let mut batch = vec![first];
    while batch.len() < MAX_BATCH
        && bytes < MAX_BATCH_BYTES
        && rows < MAX_BATCH_ROWS
        && let Some(next) = next()
    {
        let (more_bytes, more_rows) = size_of(&next);
        bytes += more_bytes;
        rows += more_rows;
        batch.push(next);
    }
    batch
}

/// Creates the span of a commit: a child of the first delivery, linked to the others.
fn batch_span(batch: &[Waiting]) -> Span {
    let parent = batch.first().and_then(|first| first.span.id());
    let span = tracing::debug_span!(parent: parent, "mailbox.deliver_batch", deliveries = batch.len());
    for waiting in batch.iter().skip(1) {
        span.follows_from(&waiting.span);
    }
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_is_bounded_by_count_bytes_and_rows() {
        for (bytes, recipients, expected) in [
            (4 << 10, 1, 256),
            (256 << 10, 1, 8),
            (200, 100, 3),
            (200, 1000, 1),
        ] {
            let size = (bytes, recipients);
            let batch = collect(size, || Some(size), |size| *size);
            assert_eq!(batch.len(), expected, "{size:?}");
        }
        assert_eq!(collect((1, 1), || None, |size| *size).len(), 1);
    }
}
