//! Messages that came after one: how those who follow a mailbox, or all mailboxes of a Pro user, miss nothing.

use std::collections::HashMap;

use mayfly_mime::Extracted;
use mayfly_rpc::MAX_MESSAGE_BYTES;
use mayfly_types::{MessageId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Scope, Service};
use crate::{
    error::Error,
    store::{
        Mailbox, Message, extracted, mailboxes,
        messages::{self, Followed},
        owners,
    },
};

/// Messages of one answer.
const MAX_MESSAGES: u32 = 100;
/// Bytes of one answer, well below what a call may carry: senders decide how long what is found in a mail is.
const MAX_BYTES: usize = MAX_MESSAGE_BYTES / 4;
/// What a message takes besides its texts: ids, numbers, and what frames them.
const FRAME_BYTES: usize = 256;
/// Mailboxes and users of one answer.
const MAX_SUBJECTS: usize = 1000;

/// Whom a caller follows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Following {
    Mailbox(Scope),
    Owner(UserId),
}

/// A message, and the address that it came to.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) message: Message,
    pub(crate) address: String,
    pub(crate) extracted: Extracted,
}

/// What came after a cursor, and the cursor behind it.
#[derive(Debug)]
pub(crate) struct Arrivals {
    pub(crate) messages: Vec<Arrived>,
    pub(crate) cursor: MessageId,
    /// There may be more behind the cursor.
    pub(crate) has_more: bool,
}

/// The largest id of each mailbox or user that is there.
pub(crate) type LastIds = Vec<(Uuid, MessageId)>;

/// A cursor before every message.
fn beginning() -> MessageId {
    MessageId::floor(OffsetDateTime::UNIX_EPOCH)
}

impl Service {
    /// Lists what came after a message, oldest first; without one, nothing but the cursor of this moment. Ids follow the
    /// order of commits in each mailbox and among all of a Pro user's, so nothing can come before a cursor later.
    #[tracing::instrument(name = "mailbox.list_messages_after", level = "debug", skip_all)]
    pub(crate) async fn list_messages_after(
        &self,
        following: Following,
        after: Option<MessageId>,
        limit: u32,
    ) -> Result<Arrivals, Error> {
        let followed = match following {
            Following::Mailbox(scope) => Followed::Mailbox(self.mailbox(scope).await?.id),
            Following::Owner(user) => Followed::Owner(user.as_uuid()),
        };
        let Some(after) = after else {
            return Ok(Arrivals {
                messages: Vec::new(),
                cursor: self.newest(followed).await?,
                has_more: false,
            });
        };
        let oldest = MessageId::floor(self.oldest()).as_uuid();
        // What is past its retention is passed over: the id just before the oldest shown.
        let from = after
            .as_uuid()
            .max(Uuid::from_u128(oldest.as_u128().saturating_sub(1)));
        let limit = limit.clamp(1, MAX_MESSAGES);
        let (rows, findings) = self
            .store
            .read("list_messages_after", |c| {
                Box::pin(async move {
                    let rows = messages::list_after(c, followed, from, u64::from(limit)).await?;
                    if rows.is_empty() {
                        return Ok((rows, HashMap::new()));
                    }
                    let raw_ids = rows.iter().map(|(message, _)| message.raw_id).collect();
                    let findings = messages::list_findings(c, raw_ids).await?;
                    Ok((rows, findings.into_iter().collect()))
                })
            })
            .await?;
        Ok(fill(after, limit as usize, rows, &findings))
    }

    async fn newest(&self, followed: Followed) -> Result<MessageId, Error> {
        let (mailboxes, owners) = match followed {
            Followed::Mailbox(id) => (vec![id], Vec::new()),
            Followed::Owner(id) => (Vec::new(), vec![id]),
        };
        let (mailboxes, owners) = self.list_last_message_ids(mailboxes, owners).await?;
        let newest = mailboxes.first().or(owners.first());
        Ok(newest.map_or_else(beginning, |(_, id)| *id))
    }

    /// Lists the largest id of each mailbox and of each Pro user's mailboxes. What is not there is left out.
    #[tracing::instrument(name = "mailbox.list_last_message_ids", level = "debug", skip_all)]
    pub(crate) async fn list_last_message_ids(
        &self,
        mailboxes: Vec<Uuid>,
        owners: Vec<Uuid>,
    ) -> Result<(LastIds, LastIds), Error> {
        if mailboxes.len() + owners.len() > MAX_SUBJECTS {
            return Err(Error::InvalidRequest("too many mailboxes and users at once"));
        }
        let (mailboxes, owners) = self
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
        let ids = |rows: Vec<(Uuid, Option<Uuid>)>| {
            let rows = rows.into_iter();
            rows.map(|(id, last)| (id, last.map_or_else(beginning, MessageId::from_uuid)))
                .collect()
        };
        Ok((ids(mailboxes), ids(owners)))
    }
}

/// Makes one answer of what was read: all of it, or the first so many bytes, but one message at least.
fn fill(
    after: MessageId,
    limit: usize,
    rows: Vec<(Message, Option<Mailbox>)>,
    findings: &HashMap<Uuid, String>,
) -> Arrivals {
    let read = rows.len();
    let (mut messages, mut cursor, mut bytes) = (Vec::new(), after, 0);
    for (message, mailbox) in rows {
        let address = mailbox.map(|mailbox| mailbox.address).unwrap_or_default();
        let stored = findings.get(&message.raw_id).map(String::as_str);
        // JSON is never shorter than what is sent of it.
        bytes += size(&message) + address.len() + stored.map_or(0, str::len);
        if bytes > MAX_BYTES && !messages.is_empty() {
            break;
        }
        cursor = MessageId::from_uuid(message.id);
        messages.push(Arrived {
            extracted: extracted::from_json(stored),
            message,
            address,
        });
    }
    Arrivals {
        has_more: read == limit || messages.len() < read,
        messages,
        cursor,
    }
}

fn size(message: &Message) -> usize {
    let optional = [&message.from_header, &message.subject];
    let optional: usize = optional.into_iter().flatten().map(String::len).sum();
    FRAME_BYTES + message.sender.len() + message.preview_text.len() + optional
}
