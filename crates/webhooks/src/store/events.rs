//! The table `webhook_events`.

use mayfly_types::{WebhookEventId, WebhookId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, JoinType, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{CaseStatement, Expr, LockBehavior, LockType, SimpleExpr},
};

use super::entities::{
    webhook,
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

/// Returns whether any event is due.
pub(crate) async fn is_due(c: &impl ConnectionTrait, now_ms: i64) -> Result<bool, DbErr> {
    let found = Entity::find()
        .filter(Column::NextAttemptAtMs.lte(now_ms))
        .one(c)
        .await?;
    Ok(found.is_some())
}

/// Claims due events of a webhook, oldest first: other workers do not see them as due until a time.
pub(crate) async fn claim(
    c: &impl ConnectionTrait,
    webhook: WebhookId,
    now_ms: i64,
    until_ms: i64,
    limit: usize,
) -> Result<Vec<Model>, DbErr> {
    let due = Entity::find()
        .filter(Column::WebhookId.eq(webhook))
        .filter(Column::NextAttemptAtMs.lte(now_ms))
        .order_by_asc(Column::NextAttemptAtMs)
        .limit(u64::try_from(limit).unwrap_or(u64::MAX))
        // Rows that another worker is claiming are its own.
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

/// Marks claimed events as delivered. An event that another worker has claimed since, or that is replayed, stays unchanged.
pub(crate) async fn mark_delivered(
    c: &impl ConnectionTrait,
    claimed_until_ms: i64,
    ids: &[WebhookEventId],
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

/// Sets the next attempt of a claimed event, or none. An event that another worker has claimed since stays unchanged.
pub(crate) async fn reschedule(
    c: &impl ConnectionTrait,
    id: WebhookEventId,
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

/// Makes an event due now, with no attempts. Returns false when it does not exist any more.
pub(crate) async fn replay(c: &impl ConnectionTrait, id: WebhookEventId, now_ms: i64) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::NextAttemptAtMs, Expr::value(now_ms))
        .col_expr(Column::Attempts, Expr::value(0))
        .filter(Column::Id.eq(id))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Finds the pending event of a webhook with the most failed attempts.
pub(crate) async fn find_most_tried(
    c: &impl ConnectionTrait,
    webhook: WebhookId,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::WebhookId.eq(webhook))
        .filter(Column::NextAttemptAtMs.is_not_null())
        .filter(Column::Attempts.gt(0))
        .order_by_desc(Column::Attempts)
        .one(c)
        .await
}

/// The state of a receiver, as the backlog is grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReceiverState {
    Answering = 0,
    /// Its last attempt failed.
    Failing = 1,
    /// Its webhook is `failed`, or an operator pauses it or suspends its owner.
    Failed = 2,
}

/// Pending events of the receivers in one state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    pub(crate) receiver: ReceiverState,
    pub(crate) events: i64,
    /// When the first of them is due.
    pub(crate) due_at_ms: i64,
}

/// Counts pending events, by a partial index.
pub(crate) async fn count_pending(c: &impl ConnectionTrait) -> Result<Vec<Pending>, DbErr> {
    let is_failed = webhook::Column::State
        .eq(webhook::State::Failed)
        .or(webhook::Column::PausedAtMs.is_not_null())
        .or(webhook::Column::SuspendedAtMs.is_not_null());
    let receiver = CaseStatement::new()
        .case(is_failed, ReceiverState::Failed as i32)
        .case(webhook::Column::FailureCount.gt(0), ReceiverState::Failing as i32)
        .finally(ReceiverState::Answering as i32);
    let webhooks = Entity::belongs_to(webhook::Entity)
        .from(Column::WebhookId)
        .to(webhook::Column::Id)
        .into();
    let counts: Vec<(i32, i64, i64)> = Entity::find()
        .select_only()
        .expr_as(receiver, "receiver")
        .expr_as(Column::WebhookId.count(), "events")
        .expr_as(Column::NextAttemptAtMs.min(), "due_at_ms")
        .join(JoinType::InnerJoin, webhooks)
        .filter(Column::NextAttemptAtMs.is_not_null())
        .group_by(Expr::col("receiver"))
        .into_tuple()
        .all(c)
        .await?;
    let states = [
        ReceiverState::Answering,
        ReceiverState::Failing,
        ReceiverState::Failed,
    ];
    let counts = counts.into_iter().filter_map(|(receiver, events, due_at_ms)| {
        let receiver = states.into_iter().find(|state| *state as i32 == receiver)?;
        Some(Pending {
            receiver,
            events,
            due_at_ms,
        })
    });
    Ok(counts.collect())
}

/// Counts the pending events of a webhook.
pub(crate) async fn count_pending_of(c: &impl ConnectionTrait, webhook: WebhookId) -> Result<u64, DbErr> {
    Entity::find()
        .filter(Column::WebhookId.eq(webhook))
        .filter(Column::NextAttemptAtMs.is_not_null())
        .count(c)
        .await
}

/// Removes some events older than an id. Returns how many.
pub(crate) async fn remove_before(
    c: &impl ConnectionTrait,
    oldest: WebhookEventId,
    limit: u64,
) -> Result<u64, DbErr> {
    remove(c, Column::Id.lt(oldest), limit).await
}

/// Removes some events of a webhook. Returns how many.
pub(crate) async fn remove_of(
    c: &impl ConnectionTrait,
    webhook: WebhookId,
    limit: u64,
) -> Result<u64, DbErr> {
    remove(c, Column::WebhookId.eq(webhook), limit).await
}

async fn remove(c: &impl ConnectionTrait, condition: SimpleExpr, limit: u64) -> Result<u64, DbErr> {
    let ids: Vec<WebhookEventId> = Entity::find()
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
