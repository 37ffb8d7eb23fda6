//! The table `webhooks`. Every look-up of a caller begins at the owner.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::entities::{
    removed_webhook,
    webhook::{ActiveModel, Column, Entity, Model, State},
};

/// Lists a Pro user's webhooks, oldest first.
pub(crate) async fn list(c: &impl ConnectionTrait, owner: Uuid) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::OwnerUserId.eq(owner))
        .order_by_asc(Column::Id)
        .all(c)
        .await
}

/// Lists the active webhooks of some Pro users.
pub(crate) async fn list_active(c: &impl ConnectionTrait, owners: &[Uuid]) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::OwnerUserId.is_in(owners.iter().copied()))
        .filter(Column::State.eq(State::Active))
        .all(c)
        .await
}

/// Counts a Pro user's webhooks.
pub(crate) async fn count(c: &impl ConnectionTrait, owner: Uuid) -> Result<u64, DbErr> {
    Entity::find()
        .filter(Column::OwnerUserId.eq(owner))
        .count(c)
        .await
}

/// Finds a Pro user's webhook.
pub(crate) async fn find(c: &impl ConnectionTrait, owner: Uuid, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id)
        .filter(Column::OwnerUserId.eq(owner))
        .one(c)
        .await
}

/// Inserts a webhook.
pub(crate) async fn insert(c: &impl ConnectionTrait, webhook: Model) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(webhook.id),
        owner_user_id: Set(webhook.owner_user_id),
        url: Set(webhook.url),
        state: Set(webhook.state),
        sealed_secret: Set(webhook.sealed_secret),
        sealed_old_secret: Set(webhook.sealed_old_secret),
        old_secret_until_ms: Set(webhook.old_secret_until_ms),
        failure_count: Set(webhook.failure_count),
        answered_in_ms: Set(webhook.answered_in_ms),
        last_triggered_at_ms: Set(webhook.last_triggered_at_ms),
        created_at_ms: Set(webhook.created_at_ms),
    };
    Entity::insert(row).exec_without_returning(c).await.map(drop)
}

/// Removes a Pro user's webhook, and has its events swept. Returns false when there is none.
pub(crate) async fn remove(c: &impl ConnectionTrait, owner: Uuid, id: Uuid) -> Result<bool, DbErr> {
    let removed = Entity::delete_many()
        .filter(Column::Id.eq(id))
        .filter(Column::OwnerUserId.eq(owner))
        .exec(c)
        .await?;
    if removed.rows_affected == 0 {
        return Ok(false);
    }
    let row = removed_webhook::ActiveModel { id: Set(id) };
    removed_webhook::Entity::insert(row)
        .exec_without_returning(c)
        .await?;
    Ok(true)
}

/// Gives a Pro user's webhook another secret, keeps the one before for a while, and makes it active. Returns false when
/// there is none.
pub(crate) async fn rotate(
    c: &impl ConnectionTrait,
    owner: Uuid,
    id: Uuid,
    sealed_secret: Vec<u8>,
    old_until_ms: i64,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        // On the right of an assignment a column is what it was before.
        .col_expr(Column::SealedOldSecret, Expr::col(Column::SealedSecret))
        .col_expr(Column::OldSecretUntilMs, Expr::value(old_until_ms))
        .col_expr(Column::SealedSecret, Expr::value(sealed_secret))
        .col_expr(Column::FailureCount, Expr::value(0))
        .col_expr(Column::AnsweredInMs, Expr::value(None::<i64>))
        .col_expr(Column::State, Expr::value(State::Active))
        .filter(Column::Id.eq(id))
        .filter(Column::OwnerUserId.eq(owner))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// What attempts have done to a webhook.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Change {
    /// How long the last took that succeeded. `failures` came after it.
    pub(crate) answered_in_ms: Option<i64>,
    pub(crate) failures: i32,
    /// It is not to be told any more.
    pub(crate) has_ended: bool,
}

/// Notes what attempts have done to a webhook.
pub(crate) async fn note(
    c: &impl ConnectionTrait,
    id: Uuid,
    change: Change,
    now_ms: i64,
) -> Result<(), DbErr> {
    let failures = match change.answered_in_ms {
        Some(_) => Expr::value(change.failures),
        None => Expr::col(Column::FailureCount).add(change.failures),
    };
    let mut update = Entity::update_many()
        .col_expr(Column::FailureCount, failures)
        .col_expr(Column::LastTriggeredAtMs, Expr::value(now_ms))
        .filter(Column::Id.eq(id));
    if change.answered_in_ms.is_some() {
        update = update.col_expr(Column::AnsweredInMs, Expr::value(change.answered_in_ms));
    }
    if change.has_ended {
        update = update.col_expr(Column::State, Expr::value(State::Failed));
    }
    update.exec(c).await.map(drop)
}

/// Tells webhooks nothing more until their secrets are rotated.
pub(crate) async fn end(c: &impl ConnectionTrait, ids: &[Uuid]) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Failed))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .exec(c)
        .await
        .map(drop)
}
