//! Queries of the sweeper. Which rows are past their time is decided by the caller.

use std::collections::BTreeMap;

use mayfly_types::{AccountId, RawMessageId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};

use super::{
    UsedChange,
    entities::{
        mailbox::{self, Model as Mailbox},
        message, open_mailbox, raw_message,
    },
    raw_messages,
};

/// Lists deliveries with messages and ids before an id, oldest first, and their sizes.
pub(crate) async fn list_deliveries_before(
    c: &impl ConnectionTrait,
    oldest: RawMessageId,
    limit: u64,
) -> Result<Vec<(RawMessageId, i64)>, DbErr> {
    message::Entity::find()
        .select_only()
        .columns([message::Column::RawId, message::Column::SizeBytes])
        .distinct()
        .filter(message::Column::RawId.lt(oldest))
        .order_by_asc(message::Column::RawId)
        .limit(limit)
        .into_tuple()
        .all(c)
        .await
}

/// Locks the messages of deliveries. Returns the mailbox and the size of each.
pub(crate) async fn lock_sizes(
    c: &impl ConnectionTrait,
    raw_ids: &[RawMessageId],
) -> Result<Vec<(AccountId, i64)>, DbErr> {
    message::Entity::find()
        .select_only()
        .columns([message::Column::AccountId, message::Column::SizeBytes])
        .filter(message::Column::RawId.is_in(raw_ids.iter().copied()))
        .lock_exclusive()
        .into_tuple()
        .all(c)
        .await
}

/// Removes deliveries: their messages and their bytes.
pub(crate) async fn remove_deliveries(
    c: &impl ConnectionTrait,
    raw_ids: &[RawMessageId],
) -> Result<(), DbErr> {
    message::Entity::delete_many()
        .filter(message::Column::RawId.is_in(raw_ids.iter().copied()))
        .exec(c)
        .await?;
    let those = raw_message::Column::Id.is_in(raw_ids.iter().copied());
    raw_messages::remove(c, those).await.map(drop)
}

/// Locks the deleted mailbox that uses space and was deleted first.
pub(crate) async fn lock_deleted_in_use(c: &impl ConnectionTrait) -> Result<Option<Mailbox>, DbErr> {
    mailbox::Entity::find()
        .filter(mailbox::Column::State.eq(mailbox::State::Deleted))
        .filter(mailbox::Column::UsedBytes.gt(0))
        .order_by_asc(mailbox::Column::DeletedAtMs)
        .lock_exclusive()
        .one(c)
        .await
}

/// Removes bytes with ids before an id that no message names. Returns how many.
pub(crate) async fn remove_orphans_before(
    c: &impl ConnectionTrait,
    oldest: RawMessageId,
    limit: u64,
) -> Result<u64, DbErr> {
    let naming = Query::select()
        .expr(Expr::value(1))
        .from(message::Entity)
        .and_where(
            Expr::col((message::Entity, message::Column::RawId))
                .equals((raw_message::Entity, raw_message::Column::Id)),
        )
        .to_owned();
    let orphans: Vec<RawMessageId> = raw_message::Entity::find()
        .select_only()
        .column(raw_message::Column::Id)
        .filter(raw_message::Column::Id.lt(oldest))
        .filter(Expr::exists(naming).not())
        .limit(limit)
        .into_tuple()
        .all(c)
        .await?;
    if orphans.is_empty() {
        return Ok(0);
    }
    raw_messages::remove(c, raw_message::Column::Id.is_in(orphans)).await
}

async fn ids(
    c: &impl ConnectionTrait,
    state: mailbox::State,
    condition: sea_orm::sea_query::SimpleExpr,
    limit: u64,
) -> Result<Vec<AccountId>, DbErr> {
    mailbox::Entity::find()
        .select_only()
        .column(mailbox::Column::Id)
        .filter(mailbox::Column::State.eq(state))
        .filter(condition)
        .limit(limit)
        // PostgreSQL checks the condition again after locking: a mailbox that is used or activated meanwhile stays.
        .lock_exclusive()
        .into_tuple()
        .all(c)
        .await
}

/// Lists and locks reservations whose lease ended at a time or before.
pub(crate) async fn list_lapsed(
    c: &impl ConnectionTrait,
    now_ms: i64,
    limit: u64,
) -> Result<Vec<AccountId>, DbErr> {
    let lapsed = mailbox::Column::LeaseExpiresAtMs.lte(now_ms);
    ids(c, mailbox::State::Reserved, lapsed, limit).await
}

/// Lists and locks active mailboxes not used since a time. Open mailboxes end with their mail.
pub(crate) async fn list_idle(
    c: &impl ConnectionTrait,
    since_ms: i64,
    limit: u64,
) -> Result<Vec<AccountId>, DbErr> {
    let idle = mailbox::Column::LastActiveAtMs
        .lt(since_ms)
        .and(mailbox::Column::Id.not_in_subquery(open_mailbox::accounts()));
    ids(c, mailbox::State::Active, idle, limit).await
}

/// Lists and locks tombstones made at a time or before whose messages are gone.
pub(crate) async fn list_tombstones(
    c: &impl ConnectionTrait,
    before_ms: i64,
    limit: u64,
) -> Result<Vec<AccountId>, DbErr> {
    let old = mailbox::Column::DeletedAtMs
        .lte(before_ms)
        .and(mailbox::Column::UsedBytes.lte(0));
    ids(c, mailbox::State::Deleted, old, limit).await
}

/// Returns how the mailboxes of removed messages change.
pub(crate) fn given_back(sizes: &[(AccountId, i64)]) -> Vec<UsedChange> {
    let mut changes = BTreeMap::new();
    for (account, size) in sizes {
        let change = changes.entry(*account).or_insert(UsedChange {
            account: *account,
            bytes: 0,
            messages: 0,
        });
        change.bytes -= size;
        change.messages -= 1;
    }
    changes.into_values().collect()
}
