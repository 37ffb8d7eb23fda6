//! The tables `messages` and `raw_messages`. Every look-up begins at a mailbox.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, Query},
};
use uuid::Uuid;

use super::entities::{
    message::{Column, Entity, Model},
    raw_message,
};

fn of(account: Uuid, id: Uuid) -> Condition {
    Condition::all()
        .add(Column::AccountId.eq(account))
        .add(Column::Id.eq(id))
}

/// Lists a mailbox's messages not older than an id, newest first.
pub(crate) async fn list(
    c: &impl ConnectionTrait,
    account: Uuid,
    oldest: Uuid,
    limit: u64,
    offset: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::Id.gte(oldest))
        .order_by_desc(Column::Id)
        .limit(limit)
        .offset(offset)
        .all(c)
        .await
}

/// Finds a mailbox's message.
pub(crate) async fn find(c: &impl ConnectionTrait, account: Uuid, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(of(account, id)).one(c).await
}

/// Finds a mailbox's message, and keeps it from other writers until the transaction ends: of two that remove it, one
/// finds it.
pub(crate) async fn lock(c: &impl ConnectionTrait, account: Uuid, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(of(account, id))
        .lock_exclusive()
        .one(c)
        .await
}

/// Finds the bytes of a message found before, and what was found in them.
pub(crate) async fn find_raw(
    c: &impl ConnectionTrait,
    raw_id: Uuid,
) -> Result<Option<raw_message::Model>, DbErr> {
    raw_message::Entity::find_by_id(raw_id).one(c).await
}

/// Marks a message as read. Returns false when there is none.
pub(crate) async fn mark_read(c: &impl ConnectionTrait, account: Uuid, id: Uuid) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::IsRead, Expr::value(true))
        .filter(of(account, id))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Removes a message, leaving its bytes.
pub(crate) async fn remove(c: &impl ConnectionTrait, account: Uuid, id: Uuid) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(of(account, id))
        .exec(c)
        .await
        .map(drop)
}

/// Removes the bytes among some that no message names any more.
pub(crate) async fn remove_unnamed_raw(c: &impl ConnectionTrait, raw_ids: &[Uuid]) -> Result<(), DbErr> {
    let named = Query::select()
        .column(Column::RawId)
        .from(Entity)
        .and_where(Expr::col(Column::RawId).is_in(raw_ids.iter().copied()))
        .to_owned();
    raw_message::Entity::delete_many()
        .filter(raw_message::Column::Id.is_in(raw_ids.iter().copied()))
        .filter(raw_message::Column::Id.not_in_subquery(named))
        .exec(c)
        .await
        .map(drop)
}
