//! The tables `webhook_events` and `webhook_attempts`.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, JoinType, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{CaseStatement, Expr, IntoCondition, LockBehavior, LockType, Query},
};
use uuid::Uuid;

use super::entities::{
    removed_webhook, webhook,
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

/// How a webhook has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its last answer came within [`QUICK_MS`].
    Quick,
    /// It has not answered yet.
    New,
    Slow,
    /// Its last attempt failed.
    Failing,
}

/// Longer answers are slow.
const QUICK_MS: i64 = 2_000;

impl Standing {
    fn condition(self) -> Condition {
        let (failures, took) = (webhook::Column::FailureCount, webhook::Column::AnsweredInMs);
        match self {
            Self::Quick => failures.eq(0).and(took.lte(QUICK_MS)),
            Self::New => failures.eq(0).and(took.is_null()),
            Self::Slow => failures.eq(0).and(took.gt(QUICK_MS)),
            Self::Failing => failures.gt(0),
        }
        .into_condition()
    }
}

/// Lists active webhooks of a standing for which something is due, but for those to pass over: in the order of their ids,
/// from behind one of them and around to it.
pub(crate) async fn list_due_webhooks(
    c: &impl ConnectionTrait,
    standing: Standing,
    pass_over: &[Uuid],
    after: Uuid,
    now_ms: i64,
    limit: usize,
) -> Result<Vec<webhook::Model>, DbErr> {
    let due = Query::select()
        .expr(Expr::value(1))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::WebhookId)).equals((webhook::Entity, webhook::Column::Id)))
        .and_where(Expr::col((Entity, Column::NextAttemptAtMs)).lte(now_ms))
        .to_owned();
    let mut found = Vec::new();
    for arc in [webhook::Column::Id.gt(after), webhook::Column::Id.lte(after)] {
        let rows = webhook::Entity::find()
            .filter(arc)
            .filter(webhook::Column::State.eq(webhook::State::Active))
            .filter(standing.condition())
            .filter(webhook::Column::Id.is_not_in(pass_over.iter().copied()))
            .filter(Expr::exists(due.clone()))
            .order_by_asc(webhook::Column::Id)
            .limit(u64::try_from(limit - found.len()).unwrap_or(0))
            .all(c);
        found.append(&mut rows.await?);
        if found.len() == limit || after.is_nil() {
            break;
        }
    }
    Ok(found)
}

/// Takes what is due for a webhook, oldest first, and keeps it from other workers until a time.
pub(crate) async fn claim(
    c: &impl ConnectionTrait,
    webhook: Uuid,
    now_ms: i64,
    until_ms: i64,
    limit: usize,
) -> Result<Vec<Model>, DbErr> {
    let due = Entity::find()
        .filter(Column::WebhookId.eq(webhook))
        .filter(Column::NextAttemptAtMs.lte(now_ms))
        .order_by_asc(Column::NextAttemptAtMs)
        .limit(u64::try_from(limit).unwrap_or(u64::MAX))
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

/// Lists active webhooks for which more than so many events wait, but those whose old secret signs for longer.
pub(crate) async fn list_overfull(
    c: &impl ConnectionTrait,
    max: u64,
    old_secret_until_ms: i64,
) -> Result<Vec<Uuid>, DbErr> {
    let old_secret = Expr::col(webhook::Column::OldSecretUntilMs);
    let active = Query::select()
        .column(webhook::Column::Id)
        .from(webhook::Entity)
        .and_where(webhook::Column::State.eq(webhook::State::Active))
        .and_where(
            old_secret
                .clone()
                .is_null()
                .or(old_secret.lte(old_secret_until_ms)),
        )
        .to_owned();
    Entity::find()
        .select_only()
        .column(Column::WebhookId)
        .filter(Column::NextAttemptAtMs.is_not_null())
        .filter(Column::WebhookId.in_subquery(active))
        .group_by(Column::WebhookId)
        .having(Column::WebhookId.count().gt(max))
        .into_tuple()
        .all(c)
        .await
}

/// How a webhook's receiver is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receiver {
    Answering = 0,
    /// Its last attempt failed.
    Failing = 1,
    /// It is told nothing more.
    Failed = 2,
}

/// What waits for receivers that do alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) receiver: Receiver,
    pub(crate) events: i64,
    /// The soonest that one of them is due.
    pub(crate) due_at_ms: i64,
}

/// Counts what waits, by an index of nothing else.
pub(crate) async fn count_waiting(c: &impl ConnectionTrait) -> Result<Vec<Waiting>, DbErr> {
    let is_failed = webhook::Column::State.eq(webhook::State::Failed);
    let receiver = CaseStatement::new()
        .case(is_failed, Receiver::Failed as i32)
        .case(webhook::Column::FailureCount.gt(0), Receiver::Failing as i32)
        .finally(Receiver::Answering as i32);
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
    let known = [Receiver::Answering, Receiver::Failing, Receiver::Failed];
    let counts = counts.into_iter().filter_map(|(receiver, events, due_at_ms)| {
        let receiver = known.into_iter().find(|known| *known as i32 == receiver)?;
        Some(Waiting {
            receiver,
            events,
            due_at_ms,
        })
    });
    Ok(counts.collect())
}

/// Finds the event of a webhook that was tried most often and is to be tried again.
pub(crate) async fn find_most_tried(c: &impl ConnectionTrait, webhook: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::WebhookId.eq(webhook))
        .filter(Column::NextAttemptAtMs.is_not_null())
        .filter(Column::Attempts.gt(0))
        .order_by_desc(Column::Attempts)
        .one(c)
        .await
}

/// Removes events and attempts older than an id. Returns how many.
pub(crate) async fn remove_before(c: &impl ConnectionTrait, oldest: Uuid, limit: u64) -> Result<u64, DbErr> {
    let events = Column::Id.lt(oldest);
    let attempts = webhook_attempt::Column::Id.lt(oldest);
    remove(c, events.into_condition(), attempts.into_condition(), limit).await
}

/// Removes events and attempts of a webhook that is gone, and forgets it with the last of them. Returns how many.
pub(crate) async fn remove_of_removed(c: &impl ConnectionTrait, limit: u64) -> Result<u64, DbErr> {
    let Some(webhook) = removed_webhook::Entity::find().one(c).await? else {
        return Ok(0);
    };
    let events = Column::WebhookId.eq(webhook.id);
    let attempts = webhook_attempt::Column::WebhookId.eq(webhook.id);
    let removed = remove(c, events.into_condition(), attempts.into_condition(), limit).await?;
    if removed > 0 {
        return Ok(removed);
    }
    let forgotten = removed_webhook::Entity::delete_by_id(webhook.id).exec(c).await?;
    Ok(forgotten.rows_affected)
}

async fn remove(
    c: &impl ConnectionTrait,
    events: Condition,
    attempts: Condition,
    limit: u64,
) -> Result<u64, DbErr> {
    let events: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(events)
        .limit(limit)
        .into_tuple()
        .all(c)
        .await?;
    let attempts: Vec<Uuid> = webhook_attempt::Entity::find()
        .select_only()
        .column(webhook_attempt::Column::Id)
        .filter(attempts)
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
