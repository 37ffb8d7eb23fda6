//! The table `owners`: a row for each Pro user with data here, locked while their objects are counted.

use mayfly_types::{MessageId, UserId};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use super::entities::owner::{ActiveModel, Column, Entity, Model};

/// Locks a Pro user until the transaction ends, so that concurrent calls count exactly. Returns false if the user is deleted
/// or suspended.
pub(crate) async fn lock(c: &impl ConnectionTrait, user: UserId) -> Result<bool, DbErr> {
    let locked = lock_all(c, &[user]).await?;
    Ok(locked
        .iter()
        .all(|owner| owner.deleted_at_ms.is_none() && owner.suspended_at_ms.is_none()))
}

/// Marks a Pro user as deleted. The time of the first deletion is kept.
pub(crate) async fn set_deleted(c: &impl ConnectionTrait, user: UserId, now_ms: i64) -> Result<(), DbErr> {
    lock_all(c, &[user]).await?;
    Entity::update_many()
        .col_expr(Column::DeletedAtMs, Expr::value(now_ms))
        .filter(Column::UserId.eq(user))
        .filter(Column::DeletedAtMs.is_null())
        .exec(c)
        .await
        .map(drop)
}

/// Marks a Pro user as suspended since a time, or as not suspended.
pub(crate) async fn set_suspended(
    c: &impl ConnectionTrait,
    user: UserId,
    since_ms: Option<i64>,
) -> Result<(), DbErr> {
    lock_all(c, &[user]).await?;
    Entity::update_many()
        .col_expr(Column::SuspendedAtMs, Expr::value(since_ms))
        .filter(Column::UserId.eq(user))
        .exec(c)
        .await
        .map(drop)
}

/// Locks several Pro users, in the order of their ids.
pub(crate) async fn lock_all(c: &impl ConnectionTrait, users: &[UserId]) -> Result<Vec<Model>, DbErr> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let nothing = OnConflict::column(Column::UserId).do_nothing().to_owned();
    let rows = users.iter().map(|user| ActiveModel {
        user_id: Set(*user),
        last_message_id: NotSet,
        deleted_at_ms: NotSet,
        suspended_at_ms: NotSet,
    });
    Entity::insert_many(rows)
        .on_conflict(nothing)
        .exec_without_returning(c)
        .await?;
    Entity::find()
        .filter(Column::UserId.is_in(users.iter().copied()))
        .order_by_asc(Column::UserId)
        .lock_exclusive()
        .all(c)
        .await
}

/// Sets the largest message id of a user's mailboxes.
pub(crate) async fn set_last_message(
    c: &impl ConnectionTrait,
    user: UserId,
    message_id: MessageId,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::LastMessageId, Expr::value(message_id))
        .filter(Column::UserId.eq(user))
        .exec(c)
        .await
        .map(drop)
}

/// Lists the largest message ids of users.
pub(crate) async fn list_last_message_ids(
    c: &impl ConnectionTrait,
    users: Vec<UserId>,
) -> Result<Vec<(UserId, Option<MessageId>)>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::UserId, Column::LastMessageId])
        .filter(Column::UserId.is_in(users))
        .into_tuple()
        .all(c)
        .await
}
