//! What a batch changes of Pro users: their last ids, and how much they received. Mailboxes without an owner, which most
//! are, cost nothing here.

use std::collections::{BTreeMap, HashMap};

use mayfly_types::MessageId;
use sea_orm::DatabaseTransaction;
use time::OffsetDateTime;
use uuid::Uuid;

use super::batch::Room;
use crate::{
    error::Error,
    model,
    store::{Mailbox, entities::usage_day, owners, usage_days},
};

/// The Pro users whose mailboxes a batch is for, locked: whoever stores in one of theirs later has a larger id, as it is for
/// each mailbox.
pub(super) struct Owned {
    owners: BTreeMap<Uuid, Received>,
    now: OffsetDateTime,
}

/// What a Pro user received in this batch, and the largest id so far.
#[derive(Default)]
struct Received {
    last_message_id: Option<Uuid>,
    messages: i64,
    bytes: i64,
}

impl Owned {
    pub(super) async fn lock(
        tx: &DatabaseTransaction,
        room: &HashMap<Uuid, Room>,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let mut owners: Vec<Uuid> = room
            .values()
            .filter_map(|room| room.mailbox.owner_user_id)
            .collect();
        owners.sort_unstable();
        owners.dedup();
        let locked = owners::lock_all(tx, &owners).await?.into_iter().map(|owner| {
            let received = Received {
                last_message_id: owner.last_message_id,
                ..Received::default()
            };
            (owner.user_id, received)
        });
        Ok(Self {
            owners: locked.collect(),
            now,
        })
    }

    /// Makes the next id of a mailbox, which receives so many bytes.
    pub(super) fn next(&mut self, mailbox: &mut Mailbox, bytes: i64) -> MessageId {
        let mut id = MessageId::new(self.now).after(mailbox.last_message_id.map(MessageId::from_uuid));
        let owner = mailbox
            .owner_user_id
            .and_then(|owner| self.owners.get_mut(&owner));
        if let Some(received) = owner {
            id = id.after(received.last_message_id.map(MessageId::from_uuid));
            received.last_message_id = Some(id.as_uuid());
            received.messages += 1;
            received.bytes += bytes;
        }
        mailbox.last_message_id = Some(id.as_uuid());
        id
    }

    /// Notes what was received.
    pub(super) async fn note(self, tx: &DatabaseTransaction) -> Result<(), Error> {
        let day = model::day_of(self.now);
        let mut days = Vec::new();
        for (owner, received) in self.owners {
            let (Some(last), true) = (received.last_message_id, received.messages > 0) else {
                continue;
            };
            owners::note_last_message(tx, owner, last).await?;
            days.push(usage_day::Model {
                owner_user_id: owner,
                day,
                messages: received.messages,
                bytes: received.bytes,
            });
        }
        if !days.is_empty() {
            usage_days::add(tx, days).await?;
        }
        Ok(())
    }
}
