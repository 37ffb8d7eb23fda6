//! The table `webhook_attempts`.

use mayfly_types::{AttemptId, WebhookId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::SimpleExpr,
};

use super::entities::webhook_attempt::{ActiveModel, Column, Entity, Model};

/// Inserts attempts.
pub(crate) async fn insert(c: &impl ConnectionTrait, attempts: Vec<Model>) -> Result<(), DbErr> {
    let rows = attempts.into_iter().map(|attempt| ActiveModel {
        id: Set(attempt.id),
        webhook_id: Set(attempt.webhook_id),
        event_id: Set(attempt.event_id),
        attempt: Set(attempt.attempt),
        status_code: Set(attempt.status_code),
        error: Set(attempt.error),
        duration_ms: Set(attempt.duration_ms),
        created_at_ms: Set(attempt.created_at_ms),
    });
    Entity::insert_many(rows)
        .exec_without_returning(c)
        .await
        .map(drop)
}

/// Lists a webhook's newest attempts, newest first.
pub(crate) async fn list_newest(
    c: &impl ConnectionTrait,
    webhook: WebhookId,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::WebhookId.eq(webhook))
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(c)
        .await
}

/// Finds a webhook's attempt.
pub(crate) async fn find(
    c: &impl ConnectionTrait,
    webhook: WebhookId,
    id: AttemptId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id)
        .filter(Column::WebhookId.eq(webhook))
        .one(c)
        .await
}

/// Removes some attempts older than an id. Returns how many.
pub(crate) async fn remove_before(
    c: &impl ConnectionTrait,
    oldest: AttemptId,
    limit: u64,
) -> Result<u64, DbErr> {
    remove(c, Column::Id.lt(oldest), limit).await
}

/// Removes some attempts of a webhook. Returns how many.
pub(crate) async fn remove_of(
    c: &impl ConnectionTrait,
    webhook: WebhookId,
    limit: u64,
) -> Result<u64, DbErr> {
    remove(c, Column::WebhookId.eq(webhook), limit).await
}

async fn remove(c: &impl ConnectionTrait, condition: SimpleExpr, limit: u64) -> Result<u64, DbErr> {
    let ids: Vec<AttemptId> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(condition)
        .limit(limit)
        .into_tuple()
        .all(c)
        .await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let deleted = Entity::delete_many()
        .filter(Column::Id.is_in(ids))
        .exec(c)
        .await?;
    Ok(deleted.rows_affected)
}
