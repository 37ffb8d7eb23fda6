//! The changes of a batch to Pro users: their last message ids and their usage. Mailboxes without an owner, which most are, cost
//! nothing here.

use std::collections::{BTreeMap, BTreeSet};

use mayfly_database::DatabaseTransaction;
use mayfly_types::{MessageId, UserId};
use time::OffsetDateTime;

use crate::{
    error::Error,
    model,
    store::{Mailbox, entities::usage_day, owners, usage_days},
};

/// The owners of the mailboxes of a batch, locked: a later delivery to any mailbox of an owner gets a larger id, as it does in
/// each mailbox.
pub(super) struct Owned {
    owners: BTreeMap<UserId, Received>,
    now: OffsetDateTime,
}

/// Usage of a Pro user in this batch, and the largest message id so far.
#[derive(Default)]
struct Received {
    last_message_id: Option<MessageId>,
    messages: i64,
    bytes: i64,
}

impl Owned {
    pub(super) async fn lock(
        tx: &DatabaseTransaction,
        owners: BTreeSet<UserId>,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        // In the order of their ids, so that concurrent batches cannot deadlock.
        let owners: Vec<UserId> = owners.into_iter().collect();
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

    /// Creates the id of the next message of a mailbox, and counts its bytes.
    pub(super) fn next(&mut self, mailbox: &mut Mailbox, bytes: i64) -> MessageId {
        let mut id = MessageId::new(self.now).after(mailbox.last_message_id);
        let owner = mailbox
            .owner_user_id
            .and_then(|owner| self.owners.get_mut(&owner));
        if let Some(received) = owner {
            id = id.after(received.last_message_id);
            received.last_message_id = Some(id);
            received.messages += 1;
            received.bytes += bytes;
        }
        mailbox.last_message_id = Some(id);
        id
    }

    /// Stores ids and usage.
    pub(super) async fn store(self, tx: &DatabaseTransaction) -> Result<(), Error> {
        let day = model::day_of(self.now);
        let mut days = Vec::new();
        for (owner, received) in self.owners {
            let (Some(last), true) = (received.last_message_id, received.messages > 0) else {
                continue;
            };
            owners::set_last_message(tx, owner, last).await?;
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
