//! What the sweeper removes: small batches, each found through an index.

use std::collections::BTreeMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{
    UsedChange,
    entities::{mailbox, message, raw_message},
    mailboxes, messages,
};

/// Removes deliveries older than an id, with all their messages; the quota is given back.
/// Returns the mailboxes that changed.
pub(crate) async fn remove_deliveries_before(
    c: &impl ConnectionTrait,
    oldest: Uuid,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    let raw_ids: Vec<Uuid> = message::Entity::find()
        .select_only()
        .column(message::Column::RawId)
        .distinct()
        .filter(message::Column::RawId.lt(oldest))
        .order_by_asc(message::Column::RawId)
        .limit(limit)
        .into_tuple()
        .all(c)
        .await?;
    if raw_ids.is_empty() {
        return Ok(Vec::new());
    }
    let named = message::Column::RawId.is_in(raw_ids.iter().copied());
    let rows: Vec<(Uuid, i64)> = message::Entity::find()
        .select_only()
        .columns([message::Column::AccountId, message::Column::SizeBytes])
        .filter(named.clone())
        // What a caller is deleting meanwhile is counted by one of the two.
        .lock_exclusive()
        .into_tuple()
        .all(c)
        .await?;
    message::Entity::delete_many().filter(named).exec(c).await?;
    raw_message::Entity::delete_many()
        .filter(raw_message::Column::Id.is_in(raw_ids))
        .exec(c)
        .await?;
    let changes = give_back(&rows);
    mailboxes::change_used(c, &changes).await?;
    Ok(changes.into_iter().map(|(account, _)| account).collect())
}

/// Removes messages of deleted mailboxes; what such a mailbox uses tells whether any are left. Returns how many.
pub(crate) async fn remove_messages_of_deleted(c: &impl ConnectionTrait, limit: u64) -> Result<usize, DbErr> {
    let Some(account) = mailbox::Entity::find()
        .filter(mailbox::Column::State.eq(mailbox::State::Deleted))
        .filter(mailbox::Column::UsedBytes.gt(0))
        .order_by_asc(mailbox::Column::DeletedAtMs)
        .lock_exclusive()
        .one(c)
        .await?
    else {
        return Ok(0);
    };
    let rows: Vec<(Uuid, Uuid, i64)> = message::Entity::find()
        .select_only()
        .columns([
            message::Column::Id,
            message::Column::RawId,
            message::Column::SizeBytes,
        ])
        .filter(message::Column::AccountId.eq(account.id))
        .order_by_asc(message::Column::Id)
        .limit(limit)
        .lock_exclusive()
        .into_tuple()
        .all(c)
        .await?;
    let removed: i64 = rows.iter().map(|(_, _, size)| size).sum();
    message::Entity::delete_many()
        .filter(message::Column::AccountId.eq(account.id))
        .filter(message::Column::Id.is_in(rows.iter().map(|(id, _, _)| *id)))
        .exec(c)
        .await?;
    let raw_ids: Vec<Uuid> = rows.iter().map(|(_, raw_id, _)| *raw_id).collect();
    messages::remove_unnamed_raw(c, &raw_ids).await?;
    // With no messages left nothing is used, whatever was counted.
    let is_last = rows.len() < usize::try_from(limit).unwrap_or(usize::MAX);
    let change = if is_last { -account.used_bytes } else { -removed };
    mailboxes::change_used(c, &[(account.id, change)]).await?;
    Ok(rows.len().max(1))
}

/// Removes bytes older than an id that no message names. Returns how many.
pub(crate) async fn remove_orphans_before(
    c: &impl ConnectionTrait,
    oldest: Uuid,
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
    let orphans: Vec<Uuid> = raw_message::Entity::find()
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
    let deleted = raw_message::Entity::delete_many()
        .filter(raw_message::Column::Id.is_in(orphans))
        .exec(c)
        .await?;
    Ok(deleted.rows_affected)
}

async fn ids(
    c: &impl ConnectionTrait,
    state: mailbox::State,
    condition: sea_orm::sea_query::SimpleExpr,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    mailbox::Entity::find()
        .select_only()
        .column(mailbox::Column::Id)
        .filter(mailbox::Column::State.eq(state))
        .filter(condition)
        .limit(limit)
        // Looked at again once it is locked: one that is used or activated at this moment stays.
        .lock_exclusive()
        .into_tuple()
        .all(c)
        .await
}

/// Lists reservations that have lapsed.
pub(crate) async fn list_lapsed(
    c: &impl ConnectionTrait,
    now_ms: i64,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    let lapsed = mailbox::Column::LeaseExpiresAtMs.lte(now_ms);
    ids(c, mailbox::State::Reserved, lapsed, limit).await
}

/// Lists active mailboxes that nobody used since a time.
pub(crate) async fn list_idle(
    c: &impl ConnectionTrait,
    since_ms: i64,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    let idle = mailbox::Column::LastActiveAtMs.lt(since_ms);
    ids(c, mailbox::State::Active, idle, limit).await
}

/// Removes tombstones made before a time whose messages are gone. Returns how many.
pub(crate) async fn remove_tombstones(
    c: &impl ConnectionTrait,
    before_ms: i64,
    limit: u64,
) -> Result<usize, DbErr> {
    let old = mailbox::Column::DeletedAtMs
        .lte(before_ms)
        .and(mailbox::Column::UsedBytes.lte(0));
    let old = ids(c, mailbox::State::Deleted, old, limit).await?;
    if !old.is_empty() {
        mailboxes::remove(c, &old).await?;
    }
    Ok(old.len())
}

fn give_back(rows: &[(Uuid, i64)]) -> Vec<UsedChange> {
    let mut changes = BTreeMap::new();
    for (account, size) in rows {
        *changes.entry(*account).or_insert(0) -= size;
    }
    changes.into_iter().collect()
}
