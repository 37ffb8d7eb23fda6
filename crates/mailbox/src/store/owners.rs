//! The table `owners`: a row for each Pro user with data here, locked while their objects are counted.

use mayfly_types::{AccountId, MessageId, UserId};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use time::OffsetDateTime;

use super::{
    entities::owner::{ActiveModel, Column, Entity, Model},
    mailboxes, millis, outbox,
};

/// Locks a Pro user until the transaction ends, so that concurrent calls count exactly. Returns false if the user is deleted
/// or suspended.
pub(crate) async fn lock(c: &impl ConnectionTrait, user: UserId) -> Result<bool, DbErr> {
    let locked = lock_all(c, &[user]).await?;
    Ok(locked
        .iter()
        .all(|owner| owner.deleted_at_ms.is_none() && owner.suspended_at_ms.is_none()))
}

/// Locks a Pro user, and returns whether the user is suspended.
pub(crate) async fn is_suspended(c: &impl ConnectionTrait, user: UserId) -> Result<bool, DbErr> {
    let locked = lock_all(c, &[user]).await?;
    Ok(locked.iter().any(|owner| owner.suspended_at_ms.is_some()))
}

/// Why a Pro user can create nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The time of the first deletion is kept.
    Deleted,
    Suspended,
}

/// Closes a Pro user: locks the active mailboxes and the user until the transaction ends, and ends reservations. Returns the ids
/// of the active mailboxes.
///
/// Mailboxes are locked before their owner, as deliveries lock them, so that concurrent transactions cannot deadlock. They are
/// locked once more afterwards, for what was created meanwhile; a later reservation finds the user closed.
pub(crate) async fn close(
    c: &impl ConnectionTrait,
    user: UserId,
    closed: Closed,
    now: OffsetDateTime,
) -> Result<Vec<AccountId>, DbErr> {
    mailboxes::lock_of_owner(c, user).await?;
    lock_all(c, &[user]).await?;
    let at = match closed {
        Closed::Deleted => Column::DeletedAtMs,
        Closed::Suspended => Column::SuspendedAtMs,
    };
    Entity::update_many()
        .col_expr(at, Expr::value(millis(now)))
        .filter(Column::UserId.eq(user))
        .filter(at.is_null())
        .exec(c)
        .await?;
    let (active, reserved) = mailboxes::lock_of_owner(c, user).await?;
    mailboxes::remove(c, &reserved).await?;
    outbox::delete_credentials(c, &reserved, now).await?;
    Ok(active)
}

/// Ends the suspension of a Pro user, whose active mailboxes and row are locked as by [`close`].
pub(crate) async fn resume(c: &impl ConnectionTrait, user: UserId) -> Result<(), DbErr> {
    mailboxes::lock_of_owner(c, user).await?;
    lock_all(c, &[user]).await?;
    Entity::update_many()
        .col_expr(Column::SuspendedAtMs, Expr::value(None::<i64>))
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
