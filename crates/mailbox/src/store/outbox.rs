//! The table `outbox_entries`: what must be done elsewhere, written in the transaction that made it necessary.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    entities::outbox_entry::{ActiveModel, Column, Entity, Kind, Model},
    millis,
};

/// Has `auth` forget the passwords of mailboxes.
pub(crate) async fn delete_credentials(
    c: &impl ConnectionTrait,
    accounts: &[Uuid],
    now: OffsetDateTime,
) -> Result<(), DbErr> {
    if accounts.is_empty() {
        return Ok(());
    }
    let rows = accounts.iter().map(|account| ActiveModel {
        id: Set(mayfly_types::MessageId::new(now).as_uuid()),
        kind: Set(Kind::DeleteCredential),
        account_id: Set(*account),
        attempts: Set(0),
        next_attempt_at_ms: Set(millis(now)),
    });
    Entity::insert_many(rows)
        .exec_without_returning(c)
        .await
        .map(drop)
}

/// Takes what is due, oldest first, and keeps it from other workers until a time.
pub(crate) async fn claim(
    c: &impl ConnectionTrait,
    now_ms: i64,
    until_ms: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let due = Entity::find()
        .filter(Column::NextAttemptAtMs.lte(now_ms))
        .order_by_asc(Column::NextAttemptAtMs)
        .limit(limit)
        // What another worker is about to claim is left to it.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(c)
        .await?;
    if !due.is_empty() {
        Entity::update_many()
            .col_expr(Column::NextAttemptAtMs, Expr::value(until_ms))
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .filter(Column::Id.is_in(due.iter().map(|entry| entry.id)))
            .exec(c)
            .await?;
    }
    Ok(due)
}

/// Forgets entries that are done.
pub(crate) async fn remove(c: &impl ConnectionTrait, ids: &[Uuid]) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .exec(c)
        .await
        .map(drop)
}

/// Puts an entry off.
pub(crate) async fn defer(c: &impl ConnectionTrait, id: Uuid, until_ms: i64) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::NextAttemptAtMs, Expr::value(until_ms))
        .filter(Column::Id.eq(id))
        .exec(c)
        .await
        .map(drop)
}

/// Tells whether anything is due.
pub(crate) async fn is_due(c: &impl ConnectionTrait, now_ms: i64) -> Result<bool, DbErr> {
    let found = Entity::find()
        .filter(Column::NextAttemptAtMs.lte(now_ms))
        .one(c)
        .await?;
    Ok(found.is_some())
}
