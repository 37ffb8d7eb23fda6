//! One commit: decides on the deliveries of a batch, and writes them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use mayfly_database::DatabaseTransaction;
use mayfly_types::{AccountId, Clock, MessageId, RawMessageId};
use mayfly_webhooks::MessageReceived;
use time::OffsetDateTime;

use super::{Delivery, Outcome, Submission, filtered::Filtered, owned::Owned};
use crate::{
    client_bytes::ClientBytes,
    error::Error,
    model,
    store::{
        Mailbox, Message, RawMessage, UsedChange, deliveries, mailboxes, millis, open_mailboxes, outbox,
        raw_messages,
        removals::{self, Amount},
    },
};

/// Mailboxes that one statement changes. It compares each with all of them.
const CHANGED_ROWS: usize = 25;

/// What a commit stored.
pub(super) struct Stored {
    pub(super) outcomes: Vec<Outcome>,
    /// The mailboxes that changed.
    pub(super) changed: Vec<Arc<Mailbox>>,
    /// Bytes added to mailboxes without an owner.
    pub(super) anonymous_bytes: i64,
    /// Bytes added to them by the client that created them, where that is bounded.
    pub(super) client_bytes: HashMap<String, i64>,
}

/// What mailboxes without an owner may receive.
#[derive(Debug, Clone)]
pub(super) struct AnonymousBounds {
    /// Bytes of all of them together.
    pub(super) room: i64,
    /// Bytes of each in a day, if they are bounded.
    pub(super) day_bytes: Option<i64>,
    /// Bytes of those of each client, if they are bounded.
    pub(super) clients: Option<Arc<ClientBytes>>,
}

/// Decides on each delivery before it writes anything, so that a full mailbox fails no other delivery.
pub(super) async fn store_all(
    tx: &DatabaseTransaction,
    deliveries: &[Arc<Delivery>],
    accounts: &[AccountId],
    bounds: AnonymousBounds,
    clock: &dyn Clock,
) -> Result<Stored, Error> {
    let mut room: HashMap<AccountId, Room> = HashMap::with_capacity(accounts.len());
    for some in accounts.chunks(1000) {
        let found = mailboxes::lock_active(tx, some).await?;
        room.extend(found.into_iter().map(|mailbox| (mailbox.id, Room::of(mailbox))));
    }
    let now = clock.now();
    let day = model::day_of(now);
    let owners = room
        .values()
        .filter_map(|room| room.mailbox.owner_user_id)
        .collect();
    let mut owned = Owned::lock(tx, owners, now).await?;
    let (mut raw_rows, mut message_rows, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut stored, mut unnamed_blobs) = (HashMap::new(), Vec::new());
    let mut anonymous = AnonymousRoom {
        left: bounds.room,
        taken: 0,
        day,
        day_bytes: bounds.day_bytes,
        clients: bounds.clients,
        client_bytes: HashMap::new(),
    };
    for delivery in deliveries {
        let outcome = match &delivery.submission {
            None => decide(delivery, &mut room, &mut anonymous, &mut owned),
            Some(submission) => decide_submission(delivery, submission, &mut room, &mut owned),
        };
        if let Ok(ids) = &outcome
            && let Some((_, first)) = ids.first()
        {
            // As old as its first message, so that retention removes both together.
            let raw_id = RawMessageId::from_uuid(first.as_uuid());
            raw_rows.push(RawMessage {
                id: raw_id,
                blob_id: delivery.blob,
                bytes: match delivery.blob {
                    None => delivery.raw.to_vec(),
                    Some(_) => Vec::new(),
                },
                extracted_version: delivery.extracted.version,
                extracted: delivery.extracted.json.clone(),
            });
            stored.insert(raw_id, delivery);
            let rows = ids.iter();
            message_rows.extend(rows.map(|(account, id)| row(delivery, *account, *id, raw_id, now)));
        }
        if outcome.is_err() {
            unnamed_blobs.extend(delivery.blob);
        }
        outcomes.push(outcome);
    }
    let evicted_bytes = evict_open_mailboxes(tx, &mut room).await?;
    let opened: Vec<(AccountId, MessageId)> = message_rows
        .iter()
        .filter(|message| message.account_id.is_open())
        .map(|message| (message.account_id, message.id))
        .collect();
    open_mailboxes::add_messages(tx, &opened).await?;
    raw_messages::insert(tx, raw_rows).await?;
    outbox::delete_blobs(tx, &unnamed_blobs).await?;
    let (received, mut filtered) = received(tx, &message_rows, &room, &stored);
    mayfly_webhooks::insert_events(tx, &received, &mut filtered, now).await?;
    deliveries::insert_messages(tx, message_rows).await?;
    evict_sandboxes(tx, deliveries, &mut room).await?;
    let mut changed: Vec<Room> = room.into_values().filter(|room| room.taken > 0).collect();
    changed.sort_unstable_by_key(|room| room.mailbox.id);
    for some in changed.chunks(CHANGED_ROWS) {
        let changes: Vec<(UsedChange, MessageId)> = some
            .iter()
            .filter_map(|room| Some((room.change(), room.mailbox.last_message_id?)))
            .collect();
        mailboxes::add_deliveries(tx, &changes).await?;
        let received: Vec<(AccountId, i64)> = some
            .iter()
            .filter(|room| bounds.day_bytes.is_some() && room.mailbox.owner_user_id.is_none())
            .map(|room| (room.mailbox.id, room.received_on(day)))
            .collect();
        if !received.is_empty() {
            mailboxes::set_received(tx, day, &received).await?;
        }
    }
    owned.store(tx).await?;
    let changed = changed.into_iter().map(|room| {
        let change = room.change();
        let received_bytes = room.received_on(day);
        Arc::new(Mailbox {
            used_bytes: room.mailbox.used_bytes + change.bytes,
            message_count: room.mailbox.message_count + change.messages,
            received_day: day,
            received_bytes,
            ..room.mailbox
        })
    });
    Ok(Stored {
        outcomes,
        changed: changed.collect(),
        anonymous_bytes: anonymous.taken - evicted_bytes,
        client_bytes: anonymous.client_bytes,
    })
}

/// Removes the oldest mail of open mailboxes that the batch fills. Returns how many bytes that frees.
async fn evict_open_mailboxes(
    tx: &DatabaseTransaction,
    room: &mut HashMap<AccountId, Room>,
) -> Result<i64, Error> {
    let mut evicted_bytes = 0;
    for (account, room) in room {
        let bytes = room.mailbox.used_bytes + room.taken - room.mailbox.quota_bytes;
        if account.is_open() && room.taken > 0 && bytes > 0 {
            evicted_bytes += room.evict(tx, Amount { messages: 0, bytes }).await?;
        }
    }
    Ok(evicted_bytes)
}

/// Returns the messages that mailboxes of Pro users received. Most mailboxes have no owner and cost nothing here.
fn received<'a>(
    tx: &'a DatabaseTransaction,
    messages: &'a [Message],
    room: &'a HashMap<AccountId, Room>,
    deliveries: &HashMap<RawMessageId, &'a Arc<Delivery>>,
) -> (Vec<MessageReceived<'a>>, Filtered<'a>) {
    let mut filtered = Filtered::new(tx);
    let received = messages.iter().filter_map(|message| {
        let mailbox = &room.get(&message.account_id)?.mailbox;
        let delivery = *deliveries.get(&message.raw_id)?;
        let owner = mailbox.owner_user_id?;
        filtered.push(message, mailbox, delivery);
        Some(MessageReceived {
            owner,
            message_id: message.id,
            account_id: message.account_id,
            address: &mailbox.address,
            from: message.from_header.as_deref(),
            sender: &message.sender,
            subject: message.subject.as_deref(),
            preview_text: &message.preview_text,
            size_bytes: message.size_bytes,
            findings: delivery.extracted.json.as_deref(),
            span: Some(&delivery.span),
        })
    });
    (received.collect(), filtered)
}

/// Removes the oldest messages of sandboxes that have more than they may. Of a batch without submissions it costs nothing.
async fn evict_sandboxes(
    tx: &DatabaseTransaction,
    deliveries: &[Arc<Delivery>],
    room: &mut HashMap<AccountId, Room>,
) -> Result<(), Error> {
    let submissions = deliveries.iter().filter_map(|d| d.submission.as_ref());
    let bounds: BTreeMap<AccountId, i64> = submissions
        .map(|submission| (submission.sandbox, submission.max_messages))
        .collect();
    for (account, max_messages) in bounds {
        let Some(room) = room.get_mut(&account).filter(|room| room.taken > 0) else {
            continue;
        };
        let excess = Amount {
            messages: room.mailbox.message_count + room.messages - max_messages,
            bytes: -room.left(),
        };
        room.evict(tx, excess).await?;
    }
    Ok(())
}

/// A mailbox, and how many bytes and messages the batch adds to it.
struct Room {
    mailbox: Mailbox,
    taken: i64,
    messages: i64,
}

impl Room {
    fn of(mailbox: Mailbox) -> Self {
        Self {
            mailbox,
            taken: 0,
            messages: 0,
        }
    }

    /// An open mailbox makes room by losing its oldest mail.
    fn left(&self) -> i64 {
        let kept_bytes = if self.mailbox.id.is_open() {
            0
        } else {
            self.mailbox.used_bytes
        };
        self.mailbox
            .quota_bytes
            .saturating_sub(kept_bytes)
            .saturating_sub(self.taken)
    }

    /// Removes its oldest messages. Returns how many bytes that frees.
    async fn evict(&mut self, tx: &DatabaseTransaction, excess: Amount) -> Result<i64, Error> {
        let evicted = removals::evict(tx, self.mailbox.id, excess).await?;
        self.mailbox.used_bytes -= evicted.bytes;
        self.mailbox.message_count -= evicted.messages;
        Ok(evicted.bytes)
    }

    fn change(&self) -> UsedChange {
        UsedChange {
            account: self.mailbox.id,
            bytes: self.taken,
            messages: self.messages,
        }
    }

    fn received_on(&self, day: i64) -> i64 {
        model::received_on(&self.mailbox, day).saturating_add(self.taken)
    }
}

/// Room of all mailboxes without an owner together, and how many bytes the batch adds to them.
struct AnonymousRoom {
    left: i64,
    taken: i64,
    day: i64,
    day_bytes: Option<i64>,
    clients: Option<Arc<ClientBytes>>,
    /// What the batch adds to the mailboxes of each client.
    client_bytes: HashMap<String, i64>,
}

impl AnonymousRoom {
    /// Returns the client that created a mailbox, with how many bytes its mailboxes may still store, if they are bounded.
    fn of_creator<'a>(&self, mailbox: &'a Mailbox) -> Option<(&'a str, i64)> {
        let (clients, client) = (self.clients.as_ref()?, mailbox.created_from.as_deref()?);
        let taken = self.client_bytes.get(client).copied().unwrap_or(0);
        Some((client, clients.room(client).saturating_sub(taken)))
    }
}

/// Reserves room for a delivery in all of its mailboxes, or in none.
fn decide(
    delivery: &Delivery,
    room: &mut HashMap<AccountId, Room>,
    anonymous: &mut AnonymousRoom,
    owned: &mut Owned,
) -> Outcome {
    let size = size_of(delivery);
    let mut anonymous_bytes = 0;
    let mut client_bytes: HashMap<&str, i64> = HashMap::new();
    for account in &delivery.accounts {
        let room = room.get(account).ok_or(Error::NotFound)?;
        if room.left() < size {
            return Err(Error::MailboxFull);
        }
        if room.mailbox.owner_user_id.is_none() {
            let most = anonymous.day_bytes.unwrap_or(i64::MAX);
            if room.received_on(anonymous.day).saturating_add(size) > most {
                return Err(Error::ReceivedEnough);
            }
            anonymous_bytes += size;
            if let Some((client, left)) = anonymous.of_creator(&room.mailbox) {
                let added = client_bytes.entry(client).or_default();
                *added += size;
                if *added > left {
                    return Err(Error::MailboxFull);
                }
            }
        }
    }
    if anonymous_bytes > anonymous.left {
        return Err(Error::StorageFull);
    }
    anonymous.left -= anonymous_bytes;
    anonymous.taken += anonymous_bytes;
    for (client, added) in client_bytes {
        *anonymous.client_bytes.entry(client.to_owned()).or_default() += added;
    }
    let mut ids = Vec::with_capacity(delivery.accounts.len());
    for account in &delivery.accounts {
        if let Some(room) = room.get_mut(account) {
            room.taken += size;
            room.messages += 1;
            ids.push((*account, owned.next(&mut room.mailbox, size)));
        }
    }
    Ok(ids)
}

/// Stores a message in a sandbox, whatever is in it: [`evict_sandboxes`] makes the room. Mailboxes of the same owner get a copy if they have
/// room; the application that sends does not learn of it.
fn decide_submission(
    delivery: &Delivery,
    submission: &Submission,
    room: &mut HashMap<AccountId, Room>,
    owned: &mut Owned,
) -> Outcome {
    let size = size_of(delivery);
    let sandbox = room.get(&submission.sandbox).ok_or(Error::NotFound)?;
    if sandbox.mailbox.quota_bytes < size {
        return Err(Error::MessageTooLarge);
    }
    let mut ids = Vec::with_capacity(delivery.accounts.len());
    for account in &delivery.accounts {
        let room = room
            .get_mut(account)
            .filter(|room| *account == submission.sandbox || room.left() >= size);
        if let Some(room) = room {
            room.taken += size;
            room.messages += 1;
            ids.push((*account, owned.next(&mut room.mailbox, size)));
        }
    }
    Ok(ids)
}

fn size_of(delivery: &Delivery) -> i64 {
    i64::try_from(delivery.raw.len()).unwrap_or(i64::MAX)
}

fn row(
    delivery: &Delivery,
    account: AccountId,
    id: MessageId,
    raw_id: RawMessageId,
    now: OffsetDateTime,
) -> Message {
    let summary = &delivery.summary;
    // A copy in a mailbox of the same owner is mail as any other: it has no envelope of its own.
    let submission = delivery
        .submission
        .as_ref()
        .filter(|submission| submission.sandbox == account);
    Message {
        account_id: account,
        id,
        raw_id,
        sender: delivery.sender.clone(),
        from_header: summary.from.clone(),
        subject: summary.subject.clone(),
        preview_text: summary.preview_text.clone(),
        size_bytes: size_of(delivery),
        is_read: false,
        read_claim: None,
        created_at_ms: millis(now),
        parse_status: summary.status.into(),
        has_attachments: summary.has_attachments,
        addresses: Some(delivery.addresses.clone()),
        envelope_to: submission.map(|submission| submission.envelope_to.clone()),
        envelope_origin: submission.map(|submission| submission.envelope_origin.clone()),
    }
}
