//! Removal of messages. Each locks its messages first, so that of concurrent removals one counts a message. The mailbox of an open
//! address is locked before its messages, in the order of deliveries.

use mayfly_types::{AccountId, MessageId, RawMessageId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    Select,
    sea_query::{Expr, ExprTrait, Query},
};

use super::{
    MAX_ROW_BYTES, UsedChange,
    entities::{
        message::{Column, Entity},
        raw_message,
    },
    mailboxes, open_mailboxes, raw_messages,
};

/// Messages of a transaction that only removes, and of a statement of one that evicts.
pub(crate) const MAX_REMOVED: u64 = 32;
/// Bytes of the rows of a transaction that only removes. What is deleted is overwritten, which takes time and as much space in the
/// log of SQLite: others write between two transactions, and a full disk has little.
const MAX_REMOVED_BYTES: i64 = 256 << 10;

/// Returns how many of some messages are removed in one transaction that removes at most `most`.
pub(crate) fn batch_of(sizes: impl Iterator<Item = i64>, most: u64) -> usize {
    let mut bytes = 0_i64;
    let rows = sizes.map(bytes_of_row);
    let fitting = rows
        .take(usize::try_from(most).unwrap_or(usize::MAX))
        .take_while(|row| {
            bytes = bytes.saturating_add(*row);
            bytes <= MAX_REMOVED_BYTES
        });
    fitting.count()
}

/// The bytes of a larger message are not in its row. A worker deletes them later.
fn bytes_of_row(size: i64) -> i64 {
    let is_in_row = usize::try_from(size).is_ok_and(|size| size <= MAX_ROW_BYTES);
    if is_in_row { size } else { 0 }
}

/// A message that is locked for its removal.
#[derive(Debug, FromQueryResult)]
pub(crate) struct LockedMessage {
    pub(crate) id: MessageId,
    pub(crate) raw_id: RawMessageId,
    pub(crate) size_bytes: i64,
}

/// Messages and bytes of a mailbox.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Amount {
    pub(crate) messages: i64,
    pub(crate) bytes: i64,
}

fn of(account: AccountId) -> Select<Entity> {
    Entity::find()
        .select_only()
        .columns([Column::Id, Column::RawId, Column::SizeBytes])
        .filter(Column::AccountId.eq(account))
        .lock_exclusive()
}

/// Locks messages of a mailbox, oldest first.
pub(crate) async fn lock_oldest(
    c: &impl ConnectionTrait,
    account: AccountId,
    limit: u64,
) -> Result<Vec<LockedMessage>, DbErr> {
    let oldest = of(account).order_by_asc(Column::Id).limit(limit);
    oldest.into_model().all(c).await
}

/// Locks those of some messages of a mailbox that still exist.
pub(crate) async fn lock(
    c: &impl ConnectionTrait,
    account: AccountId,
    ids: Vec<MessageId>,
) -> Result<Vec<LockedMessage>, DbErr> {
    let those = of(account).filter(Column::Id.is_in(ids));
    those.into_model().all(c).await
}

/// Removes locked messages of a mailbox, and bytes that no other message names, and gives their size back to the quota. Returns
/// how much that is.
pub(crate) async fn remove(
    c: &impl ConnectionTrait,
    account: AccountId,
    locked: &[LockedMessage],
) -> Result<Amount, DbErr> {
    if locked.is_empty() {
        return Ok(Amount::default());
    }
    let ids: Vec<_> = locked.iter().map(|message| message.id).collect();
    Entity::delete_many()
        .filter(Column::AccountId.eq(account))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .exec(c)
        .await?;
    let raw_ids: Vec<_> = locked.iter().map(|message| message.raw_id).collect();
    remove_unnamed_raw(c, &raw_ids).await?;
    if account.is_open() {
        open_mailboxes::forget_messages(c, &ids).await?;
    }
    let removed = Amount {
        messages: i64::try_from(locked.len()).unwrap_or(i64::MAX),
        bytes: locked.iter().map(|message| message.size_bytes).sum(),
    };
    let change = UsedChange {
        account,
        bytes: -removed.bytes,
        messages: -removed.messages,
    };
    mailboxes::change_used(c, &[change]).await?;
    Ok(removed)
}

/// Removes the oldest messages of a mailbox, until at least an amount is gone. The mailbox is locked.
pub(crate) async fn evict(
    c: &impl ConnectionTrait,
    account: AccountId,
    excess: Amount,
) -> Result<Amount, DbErr> {
    let mut evicted = Amount::default();
    while evicted.messages < excess.messages || evicted.bytes < excess.bytes {
        let mut oldest = lock_oldest(c, account, MAX_REMOVED).await?;
        let mut gone = evicted;
        oldest.retain(|message| {
            let is_evicted = gone.messages < excess.messages || gone.bytes < excess.bytes;
            if is_evicted {
                gone.messages += 1;
                gone.bytes += message.size_bytes;
            }
            is_evicted
        });
        if oldest.is_empty() {
            break;
        }
        let removed = remove(c, account, &oldest).await?;
        evicted.messages += removed.messages;
        evicted.bytes += removed.bytes;
    }
    Ok(evicted)
}

async fn remove_unnamed_raw(c: &impl ConnectionTrait, raw_ids: &[RawMessageId]) -> Result<(), DbErr> {
    let named = Query::select()
        .column(Column::RawId)
        .from(Entity)
        .and_where(Expr::col(Column::RawId).is_in(raw_ids.iter().copied()))
        .to_owned();
    let unnamed = raw_message::Column::Id
        .is_in(raw_ids.iter().copied())
        .and(raw_message::Column::Id.not_in_subquery(named));
    raw_messages::remove(c, unnamed).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_is_bounded_by_count_and_by_bytes() {
        const MIB: i64 = 1 << 20;
        for (sizes, most, expected) in [
            (vec![1024; 1000], 32, 32),
            (vec![1024; 1000], 100, 100),
            (vec![60 << 10; 1000], 32, 4),
            (vec![128 << 10; 1000], 32, 2),
            // Without their bytes.
            (vec![300 << 10; 1000], 32, 32),
            (vec![1, 20 * MIB, 1], 32, 3),
            (vec![5], 32, 1),
        ] {
            let batch = batch_of(sizes.iter().copied(), most);
            assert_eq!(batch, expected, "{sizes:?}");
        }
    }
}
