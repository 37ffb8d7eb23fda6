//! Lists messages after a cursor, so that a client that follows a mailbox, or all mailboxes of a Pro user, misses nothing.

use std::collections::{HashMap, HashSet};

use mayfly_mime::Extracted;
use mayfly_rpc::MAX_MESSAGE_BYTES;
use mayfly_types::{AccountId, MessageId, OwnerAccess, RawMessageId, UserId};
use time::OffsetDateTime;

use super::{Scope, Service};
use crate::{
    error::Error,
    store::{
        Mailbox, Message, ParseStatus,
        extracted::{self, StoredExtracted, Unusable},
        mailboxes,
        messages::{self, Followed},
        owners, within,
    },
};

/// Largest number of messages of an answer.
const MAX_MESSAGES: u32 = 100;
/// Size of an answer, well below the limit of a call: senders control the size of codes and links.
pub(super) const MAX_BYTES: usize = MAX_MESSAGE_BYTES / 4;
/// Size of a message without its texts: ids, numbers and framing.
const FRAME_BYTES: usize = 256;
/// Largest number of mailboxes and users of a call.
const MAX_SUBJECTS: usize = 1000;

/// What a caller follows.
#[derive(Debug, Clone)]
pub(crate) enum Following {
    Mailbox(Scope),
    /// All mailboxes of a Pro user within the limits.
    Owner(OwnerAccess),
}

/// A message, with the address of its mailbox.
#[derive(Debug)]
pub(crate) struct MessageReceived {
    pub(crate) message: Message,
    pub(crate) address: String,
    pub(crate) extracted: Extracted,
}

/// The messages after a cursor, and the next cursor.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) messages: Vec<MessageReceived>,
    pub(crate) cursor: MessageId,
    /// There may be more messages after the cursor.
    pub(crate) has_more: bool,
}

/// The largest message id of each mailbox or user that exists.
pub(crate) type LastIds<T> = Vec<(T, MessageId)>;

/// A cursor before every message.
fn beginning() -> MessageId {
    MessageId::floor(OffsetDateTime::UNIX_EPOCH)
}

impl Service {
    /// Lists the messages after a cursor, oldest first. Without a cursor, returns the current one and no messages. Ids follow
    /// the order of commits in each mailbox and among all mailboxes of a Pro user, so no message appears before a cursor later.
    #[tracing::instrument(name = "mailbox.list_messages_after", level = "debug", skip_all)]
    pub(crate) async fn list_messages_after(
        &self,
        following: Following,
        after: Option<MessageId>,
        limit: u32,
    ) -> Result<Received, Error> {
        let (followed, oldest) = match following {
            // An open mailbox can be followed before its first mail.
            Following::Mailbox(Scope::Mailbox(id)) if id.is_open() => {
                (Followed::Mailbox(id), self.oldest_in(id))
            }
            Following::Mailbox(scope) => (Followed::Mailbox(self.mailbox(&scope).await?.id), self.oldest()),
            Following::Owner(owner) => (Followed::Owner(owner), self.oldest()),
        };
        let Some(after) = after else {
            return Ok(Received {
                messages: Vec::new(),
                cursor: self.newest(followed).await?,
                has_more: false,
            });
        };
        // Skips messages past their retention.
        let from = after.max(MessageId::floor(oldest).predecessor());
        let limit = limit.clamp(1, MAX_MESSAGES);
        let (rows, stored) = self
            .store
            .read("list_messages_after", |c| {
                Box::pin(async move {
                    let rows = messages::list_after(c, &followed, from, u64::from(limit)).await?;
                    if rows.is_empty() {
                        return Ok((rows, HashMap::new()));
                    }
                    let raw_ids = rows.iter().map(|(message, _)| message.raw_id).collect();
                    let stored = extracted::list(c, raw_ids).await?;
                    Ok((rows, stored.into_iter().collect()))
                })
            })
            .await?;
        self.fill(after, limit as usize, rows, &stored).await
    }

    async fn newest(&self, followed: Followed) -> Result<MessageId, Error> {
        let (mailboxes, owners) = match followed {
            Followed::Mailbox(id) => (vec![id], Vec::new()),
            Followed::Owner(owner) if owner.limits.is_some() => {
                let read = self.store.read("find_newest_limited_message", |c| {
                    Box::pin(async move { Ok(within::newest_message_id(c, &owner).await?) })
                });
                return Ok(read.await?.unwrap_or_else(beginning));
            }
            Followed::Owner(owner) => (Vec::new(), vec![owner.user]),
        };
        let (mailboxes, owners) = self.list_last_message_ids(mailboxes, owners).await?;
        let of_mailbox = mailboxes.first().map(|(_, id)| *id);
        let newest = of_mailbox.or_else(|| owners.first().map(|(_, id)| *id));
        Ok(newest.unwrap_or_else(beginning))
    }

    /// Lists the largest message id of each mailbox and of each Pro user's mailboxes. Absent ones are left out, except open
    /// mailboxes.
    #[tracing::instrument(name = "mailbox.list_last_message_ids", level = "debug", skip_all)]
    pub(crate) async fn list_last_message_ids(
        &self,
        mailboxes: Vec<AccountId>,
        owners: Vec<UserId>,
    ) -> Result<(LastIds<AccountId>, LastIds<UserId>), Error> {
        if mailboxes.len() + owners.len() > MAX_SUBJECTS {
            return Err(Error::InvalidRequest("too many mailboxes and users at once"));
        }
        let open: Vec<AccountId> = mailboxes.iter().copied().filter(|id| id.is_open()).collect();
        let (mut mailboxes, owners) = self
            .store
            .read("list_last_message_ids", |c| {
                Box::pin(async move {
                    let mailboxes = match mailboxes.is_empty() {
                        true => Vec::new(),
                        false => mailboxes::list_last_message_ids(c, mailboxes).await?,
                    };
                    let owners = match owners.is_empty() {
                        true => Vec::new(),
                        false => owners::list_last_message_ids(c, owners).await?,
                    };
                    Ok((mailboxes, owners))
                })
            })
            .await?;
        let found: HashSet<AccountId> = mailboxes.iter().map(|(id, _)| *id).collect();
        let absent = open.into_iter().filter(|id| !found.contains(id));
        mailboxes.extend(absent.map(|id| (id, None)));
        Ok((or_beginning(mailboxes), or_beginning(owners)))
    }

    /// Builds an answer from the rows read: all of them, or as many as [`MAX_BYTES`] holds, but one at least.
    async fn fill(
        &self,
        after: MessageId,
        limit: usize,
        rows: Vec<(Message, Option<Mailbox>)>,
        stored: &HashMap<RawMessageId, StoredExtracted>,
    ) -> Result<Received, Error> {
        let read = rows.len();
        let (mut messages, mut cursor, mut bytes, mut is_full) = (Vec::new(), after, 0, false);
        for (message, mailbox) in rows {
            let address = mailbox.map(|mailbox| mailbox.address).unwrap_or_default();
            // A message whose bytes are gone was deleted between the two reads.
            let Some(stored) = stored.get(&message.raw_id) else {
                cursor = message.id;
                continue;
            };
            let (extracted, json_bytes) = match stored.decode() {
                Ok(extracted) => (extracted, stored.len()),
                Err(reason) => self.recompute(&message, reason).await?,
            };
            // JSON is never shorter than its protobuf form.
            bytes += size(&message) + address.len() + json_bytes;
            if bytes > MAX_BYTES && !messages.is_empty() {
                is_full = true;
                break;
            }
            cursor = message.id;
            messages.push(MessageReceived {
                extracted,
                message,
                address,
            });
        }
        Ok(Received {
            has_more: read == limit || is_full,
            messages,
            cursor,
        })
    }

    /// Extracts codes and links from the bytes of a message, and stores them. Returns them with the length of their JSON.
    pub(super) async fn recompute(
        &self,
        message: &Message,
        reason: Unusable,
    ) -> Result<(Extracted, usize), Error> {
        if message.parse_status != ParseStatus::Parsed {
            return Ok(Default::default());
        }
        self.recomputed.note(message.raw_id, reason);
        let _memory = self.large_reads.acquire(message.size_bytes).await?;
        let raw = match self.raw(message).await {
            // Deleted meanwhile.
            Err(Error::NotFound) => return Ok(Default::default()),
            raw => raw?,
        };
        let ((_, extracted), _) = self.parse(raw.bytes, mayfly_mime::summarize).await?;
        let stored = StoredExtracted::encode(&extracted)?;
        let json_bytes = stored.len();
        self.recomputed.store(&self.store, message.raw_id, stored).await;
        Ok((extracted, json_bytes))
    }
}

fn or_beginning<T>(rows: Vec<(T, Option<MessageId>)>) -> LastIds<T> {
    rows.into_iter()
        .map(|(id, last)| (id, last.unwrap_or_else(beginning)))
        .collect()
}

/// Returns about how long a message is in an answer.
pub(super) fn encoded_size(received: &MessageReceived) -> usize {
    let findings = StoredExtracted::encode(&received.extracted).map_or(0, |stored| stored.len());
    size(&received.message) + received.address.len() + findings
}

fn size(message: &Message) -> usize {
    let optional = [
        &message.from_header,
        &message.subject,
        &message.addresses,
        &message.envelope_to,
    ];
    let optional: usize = optional.into_iter().flatten().map(String::len).sum();
    FRAME_BYTES + message.sender.len() + message.preview_text.len() + optional
}
