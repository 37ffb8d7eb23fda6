//! The tables `webhooks` and `removed_webhooks`. Every look-up for a caller filters by the owner.

use mayfly_types::{OwnerAccess, UserId, WebhookId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait, IntoCondition, Query, SimpleExpr},
};

use super::entities::{
    removed_webhook,
    webhook::{ActiveModel, Column, Entity, Model, State},
    webhook_event,
};
use crate::receiver_health::{QUICK_MS, ReceiverHealth};

/// Returns the condition that a webhook is a Pro user's, and within reach of the token that acts for them.
fn is_reached_by(owner: &OwnerAccess) -> Condition {
    let is_own = Condition::all().add(Column::OwnerUserId.eq(owner.user));
    match &owner.limits {
        None => is_own,
        // Of a token without a name, nothing.
        Some(limits) => is_own.add(match limits.origin {
            Some(origin) => Column::CreatedByTokenId.eq(origin),
            None => Expr::cust("1 = 0"),
        }),
    }
}

/// Lists a Pro user's webhooks, oldest first.
pub(crate) async fn list(c: &impl ConnectionTrait, owner: &OwnerAccess) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(is_reached_by(owner))
        .order_by_asc(Column::Id)
        .all(c)
        .await
}

/// Lists the sealed secrets of all webhooks.
pub(crate) async fn list_sealed(c: &impl ConnectionTrait) -> Result<Vec<(WebhookId, Vec<u8>)>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::Id, Column::SealedSecret])
        .into_tuple()
        .all(c)
        .await
}

/// Lists the active webhooks of some Pro users, paused ones included.
pub(crate) async fn list_active(c: &impl ConnectionTrait, owners: &[UserId]) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::OwnerUserId.is_in(owners.iter().copied()))
        .filter(Column::State.eq(State::Active))
        .all(c)
        .await
}

/// Lists webhooks by their ids.
pub(crate) async fn list_by_ids(c: &impl ConnectionTrait, ids: Vec<WebhookId>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Id.is_in(ids)).all(c).await
}

/// Counts a Pro user's webhooks.
pub(crate) async fn count(c: &impl ConnectionTrait, owner: UserId) -> Result<u64, DbErr> {
    Entity::find()
        .filter(Column::OwnerUserId.eq(owner))
        .count(c)
        .await
}

/// Finds a Pro user's webhook.
pub(crate) async fn find(
    c: &impl ConnectionTrait,
    owner: &OwnerAccess,
    id: WebhookId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).filter(is_reached_by(owner)).one(c).await
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
        paused_at_ms: Set(webhook.paused_at_ms),
        suspended_at_ms: Set(webhook.suspended_at_ms),
        filter: Set(webhook.filter),
        created_by_token_id: Set(webhook.created_by_token_id),
        limits: Set(webhook.limits),
    };
    Entity::insert(row).exec_without_returning(c).await.map(drop)
}

/// Sets the filter of a Pro user's webhook. Returns false when there is none.
pub(crate) async fn set_filter(
    c: &impl ConnectionTrait,
    owner: &OwnerAccess,
    id: WebhookId,
    filter: Option<String>,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::Filter, Expr::value(filter))
        .filter(Column::Id.eq(id))
        .filter(is_reached_by(owner))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Moves a Pro user's webhook to the removed ones. Returns false when there is none.
pub(crate) async fn remove(
    c: &impl ConnectionTrait,
    owner: &OwnerAccess,
    id: WebhookId,
) -> Result<bool, DbErr> {
    let removed = Entity::delete_many()
        .filter(Column::Id.eq(id))
        .filter(is_reached_by(owner))
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

/// Finds a webhook that was removed.
pub(crate) async fn find_removed(c: &impl ConnectionTrait) -> Result<Option<WebhookId>, DbErr> {
    let found = removed_webhook::Entity::find().one(c).await?;
    Ok(found.map(|webhook| webhook.id))
}

/// Forgets a removed webhook.
pub(crate) async fn forget_removed(c: &impl ConnectionTrait, id: WebhookId) -> Result<u64, DbErr> {
    let forgotten = removed_webhook::Entity::delete_by_id(id).exec(c).await?;
    Ok(forgotten.rows_affected)
}

/// Sets since when a webhook is paused. Returns false when there is none.
pub(crate) async fn set_paused(
    c: &impl ConnectionTrait,
    id: WebhookId,
    paused_at_ms: Option<i64>,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::PausedAtMs, Expr::value(paused_at_ms))
        .filter(Column::Id.eq(id))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Sets since when the owner of webhooks is suspended.
pub(crate) async fn set_suspended_of(
    c: &impl ConnectionTrait,
    owner: UserId,
    suspended_at_ms: Option<i64>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::SuspendedAtMs, Expr::value(suspended_at_ms))
        .filter(Column::OwnerUserId.eq(owner))
        .exec(c)
        .await
        .map(drop)
}

/// Counts the webhooks, and those that are paused.
pub(crate) async fn count_all(c: &impl ConnectionTrait) -> Result<(u64, u64), DbErr> {
    let paused = Entity::find().filter(Column::PausedAtMs.is_not_null());
    Ok((Entity::find().count(c).await?, paused.count(c).await?))
}

/// Sets a new secret, keeps the current one as the old one until a time, and makes the webhook active and healthy. Returns
/// false when the Pro user has no such webhook.
pub(crate) async fn rotate(
    c: &impl ConnectionTrait,
    owner: &OwnerAccess,
    id: WebhookId,
    sealed_secret: Vec<u8>,
    old_until_ms: i64,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        // The right side of an assignment is the value before the update.
        .col_expr(Column::SealedOldSecret, Expr::col(Column::SealedSecret))
        .col_expr(Column::OldSecretUntilMs, Expr::value(old_until_ms))
        .col_expr(Column::SealedSecret, Expr::value(sealed_secret))
        .col_expr(Column::FailureCount, Expr::value(0))
        .col_expr(Column::AnsweredInMs, Expr::value(None::<i64>))
        .col_expr(Column::State, Expr::value(State::Active))
        .filter(Column::Id.eq(id))
        .filter(is_reached_by(owner))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// What a batch of attempts changes on a webhook.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Change {
    /// Response time of the last success. `failures` came after it.
    pub(crate) answered_in_ms: Option<i64>,
    pub(crate) failures: i32,
    pub(crate) has_failed: bool,
}

/// Applies the outcome of attempts to a webhook.
pub(crate) async fn update(
    c: &impl ConnectionTrait,
    id: WebhookId,
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
    if change.has_failed {
        update = update.col_expr(Column::State, Expr::value(State::Failed));
    }
    update.exec(c).await.map(drop)
}

/// Sets webhooks to failed.
pub(crate) async fn fail(c: &impl ConnectionTrait, ids: &[WebhookId]) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Failed))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .exec(c)
        .await
        .map(drop)
}

/// Lists active webhooks with more than `max` pending events, except those whose old secret is valid after a time.
pub(crate) async fn list_overfull(
    c: &impl ConnectionTrait,
    max: u64,
    old_secret_until_ms: i64,
) -> Result<Vec<WebhookId>, DbErr> {
    use webhook_event::Column::{NextAttemptAtMs, WebhookId as EventWebhookId};
    let old_secret = Expr::col(Column::OldSecretUntilMs);
    let active = Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::State.eq(State::Active))
        .and_where(
            old_secret
                .clone()
                .is_null()
                .or(old_secret.lte(old_secret_until_ms)),
        )
        .to_owned();
    webhook_event::Entity::find()
        .select_only()
        .column(EventWebhookId)
        .filter(NextAttemptAtMs.is_not_null())
        .filter(EventWebhookId.in_subquery(active))
        .group_by(EventWebhookId)
        .having(EventWebhookId.count().gt(max))
        .into_tuple()
        .all(c)
        .await
}

/// Lists active webhooks of one health that are neither paused nor suspended and have due events, in the order of their ids:
/// those after a cursor, then the others.
pub(crate) async fn list_due(
    c: &impl ConnectionTrait,
    health: ReceiverHealth,
    cursor: Option<WebhookId>,
    now_ms: i64,
    limit: usize,
) -> Result<Vec<WebhookId>, DbErr> {
    let Some(cursor) = cursor else {
        return list_due_where(c, health, Condition::all(), now_ms, limit).await;
    };
    let after = Column::Id.gt(cursor).into_condition();
    let mut found = list_due_where(c, health, after, now_ms, limit).await?;
    if found.len() < limit {
        let up_to = Column::Id.lte(cursor).into_condition();
        found.extend(list_due_where(c, health, up_to, now_ms, limit - found.len()).await?);
    }
    Ok(found)
}

async fn list_due_where(
    c: &impl ConnectionTrait,
    health: ReceiverHealth,
    range: Condition,
    now_ms: i64,
    limit: usize,
) -> Result<Vec<WebhookId>, DbErr> {
    use webhook_event::Column::{NextAttemptAtMs, WebhookId as EventWebhookId};
    let event = |column| Expr::col((webhook_event::Entity, column));
    let due = Query::select()
        .expr(Expr::value(1))
        .from(webhook_event::Entity)
        .and_where(event(EventWebhookId).equals((Entity, Column::Id)))
        .and_where(event(NextAttemptAtMs).lte(now_ms))
        .to_owned();
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(range)
        .filter(Column::State.eq(State::Active))
        .filter(Column::PausedAtMs.is_null())
        .filter(Column::SuspendedAtMs.is_null())
        .filter(has_health(health))
        .filter(Expr::exists(due))
        .order_by_asc(Column::Id)
        .limit(u64::try_from(limit).unwrap_or(u64::MAX))
        .into_tuple()
        .all(c)
        .await
}

fn has_health(health: ReceiverHealth) -> SimpleExpr {
    let (failures, response) = (Column::FailureCount, Column::AnsweredInMs);
    match health {
        ReceiverHealth::Quick => failures.eq(0).and(response.lte(QUICK_MS)),
        ReceiverHealth::New => failures.eq(0).and(response.is_null()),
        ReceiverHealth::Slow => failures.eq(0).and(response.gt(QUICK_MS)),
        ReceiverHealth::Failing => failures.gt(0),
    }
}
