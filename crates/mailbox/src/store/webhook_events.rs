//! The tables `webhook_events` and `webhook_attempts`.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType, Query},
};
use uuid::Uuid;

use super::entities::{
    webhook,
    webhook_attempt::{self, Model as Attempt},
    webhook_event::{ActiveModel, Column, Entity, Model},
};

/// Rows of one statement: SQLite binds at most 32,766 values.
const ROWS: usize = 256;

/// Inserts events.
pub(crate) async fn insert(c: &impl ConnectionTrait, events: Vec<Model>) -> Result<(), DbErr> {
    for some in events.chunks(ROWS) {
        let rows = some.iter().cloned().map(|event| ActiveModel {
            id: Set(event.id),
            webhook_id: Set(event.webhook_id),
            body: Set(event.body),
            traceparent: Set(event.traceparent),
            attempts: Set(event.attempts),
            next_attempt_at_ms: Set(event.next_attempt_at_ms),
        });
        Entity::insert_many(rows).exec_without_returning(c).await?;
    }
    Ok(())
}

/// Tells whether anything is due.
pub(crate) async fn is_due(c: &impl ConnectionTrait, now_ms: i64) -> Result<bool, DbErr> {
    let found = Entity::find()
        .filter(Column::NextAttemptAtMs.lte(now_ms))
        .one(c)
        .await?;
    Ok(found.is_some())
}

/// Lists active webhooks for which something is due, after one in the order of their ids.
pub(crate) async fn list_due_webhooks(
    c: &impl ConnectionTrait,
    after: Uuid,
    now_ms: i64,
    limit: u64,
) -> Result<Vec<webhook::Model>, DbErr> {
    let due = Query::select()
        .expr(Expr::value(1))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::WebhookId)).equals((webhook::Entity, webhook::Column::Id)))
        .and_where(Expr::col((Entity, Column::NextAttemptAtMs)).lte(now_ms))
        .to_owned();
    webhook::Entity::find()
        .filter(webhook::Column::Id.gt(after))
        .filter(webhook::Column::State.eq(webhook::State::Active))
        .filter(Expr::exists(due))
        .order_by_asc(webhook::Column::Id)
        .limit(limit)
        .all(c)
        .await
}

/// Takes what is due for a webhook, oldest first, and keeps it from other workers until a time.
pub(crate) async fn claim(
    c: &impl ConnectionTrait,
    webhook: Uuid,
    now_ms: i64,
    until_ms: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let due = Entity::find()
        .filter(Column::WebhookId.eq(webhook))
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
            .filter(Column::Id.is_in(due.iter().map(|event| event.id)))
            .exec(c)
            .await?;
    }
    Ok(due)
}

/// Notes that events were told that were claimed until a time. Nothing happens to one whose claim is another's by now, or
/// that is to be told anew.
pub(crate) async fn finish(
    c: &impl ConnectionTrait,
    claimed_until_ms: i64,
    ids: &[Uuid],
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::NextAttemptAtMs, Expr::value(None::<i64>))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .filter(Column::NextAttemptAtMs.eq(claimed_until_ms))
        .exec(c)
        .await
        .map(drop)
}

/// Puts an event off that was claimed until a time, or gives it up. Nothing happens when the claim is another's by now.
pub(crate) async fn defer(
    c: &impl ConnectionTrait,
    id: Uuid,
    claimed_until_ms: i64,
    next_attempt_at_ms: Option<i64>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::NextAttemptAtMs, Expr::value(next_attempt_at_ms))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(Column::Id.eq(id))
        .filter(Column::NextAttemptAtMs.eq(claimed_until_ms))
        .exec(c)
        .await
        .map(drop)
}

/// Makes an event due anew, with all its attempts. Returns false when it is there no more.
pub(crate) async fn replay(c: &impl ConnectionTrait, id: Uuid, now_ms: i64) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::NextAttemptAtMs, Expr::value(now_ms))
        .col_expr(Column::Attempts, Expr::value(0))
        .filter(Column::Id.eq(id))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Inserts attempts.
pub(crate) async fn insert_attempts(c: &impl ConnectionTrait, attempts: Vec<Attempt>) -> Result<(), DbErr> {
    let rows = attempts.into_iter().map(|attempt| webhook_attempt::ActiveModel {
        id: Set(attempt.id),
        webhook_id: Set(attempt.webhook_id),
        event_id: Set(attempt.event_id),
        attempt: Set(attempt.attempt),
        status_code: Set(attempt.status_code),
        error: Set(attempt.error),
        duration_ms: Set(attempt.duration_ms),
        created_at_ms: Set(attempt.created_at_ms),
    });
    webhook_attempt::Entity::insert_many(rows)
        .exec_without_returning(c)
        .await
        .map(drop)
}

/// Lists a webhook's newest attempts.
pub(crate) async fn list_attempts(
    c: &impl ConnectionTrait,
    webhook: Uuid,
    limit: u64,
) -> Result<Vec<Attempt>, DbErr> {
    webhook_attempt::Entity::find()
        .filter(webhook_attempt::Column::WebhookId.eq(webhook))
        .order_by_desc(webhook_attempt::Column::Id)
        .limit(limit)
        .all(c)
        .await
}

/// Finds a webhook's attempt.
pub(crate) async fn find_attempt(
    c: &impl ConnectionTrait,
    webhook: Uuid,
    id: Uuid,
) -> Result<Option<Attempt>, DbErr> {
    webhook_attempt::Entity::find_by_id(id)
        .filter(webhook_attempt::Column::WebhookId.eq(webhook))
        .one(c)
        .await
}

/// Lists active webhooks for which more than so many events wait.
pub(crate) async fn list_overfull(c: &impl ConnectionTrait, max: u64) -> Result<Vec<Uuid>, DbErr> {
    let active = Query::select()
        .column(webhook::Column::Id)
        .from(webhook::Entity)
        .and_where(webhook::Column::State.eq(webhook::State::Active))
        .to_owned();
    let counts: Vec<(Uuid, i64)> = Entity::find()
        .select_only()
        .column(Column::WebhookId)
        .column_as(Column::Id.count(), "waiting")
        .filter(Column::NextAttemptAtMs.is_not_null())
        .filter(Column::WebhookId.in_subquery(active))
        .group_by(Column::WebhookId)
        .into_tuple()
        .all(c)
        .await?;
    let overfull = counts
        .into_iter()
        .filter(|(_, count)| u64::try_from(*count).is_ok_and(|count| count > max));
    Ok(overfull.map(|(webhook, _)| webhook).collect())
}

/// Removes events and attempts older than an id, and those of webhooks that are gone. Returns how many.
pub(crate) async fn remove_before(c: &impl ConnectionTrait, oldest: Uuid, limit: u64) -> Result<u64, DbErr> {
    let live = Query::select()
        .column(webhook::Column::Id)
        .from(webhook::Entity)
        .to_owned();
    let events: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(
            Column::Id
                .lt(oldest)
                .or(Column::WebhookId.not_in_subquery(live.clone())),
        )
        .limit(limit)
        .into_tuple()
        .all(c)
        .await?;
    let attempts: Vec<Uuid> = webhook_attempt::Entity::find()
        .select_only()
        .column(webhook_attempt::Column::Id)
        .filter(
            webhook_attempt::Column::Id
                .lt(oldest)
                .or(webhook_attempt::Column::WebhookId.not_in_subquery(live)),
        )
        .limit(limit)
        .into_tuple()
        .all(c)
        .await?;
    let mut removed = 0;
    if !events.is_empty() {
        removed += Entity::delete_many()
            .filter(Column::Id.is_in(events))
            .exec(c)
            .await?
            .rows_affected;
    }
    if !attempts.is_empty() {
        removed += webhook_attempt::Entity::delete_many()
            .filter(webhook_attempt::Column::Id.is_in(attempts))
            .exec(c)
            .await?
            .rows_affected;
    }
    Ok(removed)
}
