//! The table `custom_domains`.

use mayfly_types::{AccountId, DomainId, UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait, Func, SimpleExpr},
};

use super::entities::custom_domain::{ActiveModel, Column, Entity, Model};

/// Lists a Pro user's domains, oldest first.
pub(crate) async fn list_of_user(c: &impl ConnectionTrait, user: UserId) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user))
        .order_by_asc(Column::Id)
        .all(c)
        .await
}

/// Counts a Pro user's domains: those that are verified, and those that wait since a time or less.
pub(crate) async fn count(
    c: &impl ConnectionTrait,
    user: UserId,
    pending_since_ms: i64,
) -> Result<u64, DbErr> {
    let is_live = Condition::any()
        .add(Column::VerifiedName.is_not_null())
        .add(waits_since().gt(pending_since_ms));
    Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(is_live)
        .count(c)
        .await
}

/// Finds a Pro user's domain.
pub(crate) async fn find(
    c: &impl ConnectionTrait,
    user: UserId,
    id: DomainId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id)
        .filter(Column::UserId.eq(user))
        .one(c)
        .await
}

/// Finds a Pro user's domain by its name.
pub(crate) async fn find_named(
    c: &impl ConnectionTrait,
    user: UserId,
    name: &str,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::Name.eq(name))
        .one(c)
        .await
}

/// Finds and locks a Pro user's domain by its name, so that it stays theirs until the transaction ends.
pub(crate) async fn lock_named(
    c: &impl ConnectionTrait,
    user: UserId,
    name: &str,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::Name.eq(name))
        .lock_exclusive()
        .one(c)
        .await
}

/// Finds a name that somebody has verified.
pub(crate) async fn find_verified(c: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::VerifiedName.eq(name)).one(c).await
}

/// Inserts a domain.
pub(crate) async fn insert(c: &impl ConnectionTrait, domain: Model) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(domain.id),
        user_id: Set(domain.user_id),
        name: Set(domain.name),
        verified_name: Set(domain.verified_name),
        verify_token: Set(domain.verify_token),
        mx_configured: Set(domain.mx_configured),
        catch_all: Set(domain.catch_all),
        created_at_ms: Set(domain.created_at_ms),
        verified_at_ms: Set(domain.verified_at_ms),
        checked_at_ms: Set(domain.checked_at_ms),
        missing_since_ms: Set(domain.missing_since_ms),
        lost_at_ms: Set(domain.lost_at_ms),
    };
    Entity::insert(row).exec_without_returning(c).await.map(drop)
}

/// Makes a pending domain a verified one, unless its token has changed. It is a unique violation when another user has the
/// name.
pub(crate) async fn verify(c: &impl ConnectionTrait, domain: &Model, now_ms: i64) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::VerifiedName, Expr::value(domain.name.clone()))
        .col_expr(Column::VerifiedAtMs, Expr::value(now_ms))
        .filter(Column::Id.eq(domain.id))
        .filter(Column::VerifyToken.eq(&domain.verify_token))
        .filter(Column::VerifiedAtMs.is_null())
        .exec(c)
        .await
        .map(drop)
}

/// Lists verified domains that were not checked since a time.
pub(crate) async fn list_due(
    c: &impl ConnectionTrait,
    before_ms: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let is_due = Condition::any()
        .add(Column::CheckedAtMs.is_null())
        .add(Column::CheckedAtMs.lte(before_ms));
    Entity::find()
        .filter(Column::VerifiedName.is_not_null())
        .filter(is_due)
        .order_by_asc(Column::CheckedAtMs)
        .limit(limit)
        .all(c)
        .await
}

/// Notes that a domain was checked, and since when its proof is missing, unless its token has changed.
pub(crate) async fn note_check(
    c: &impl ConnectionTrait,
    domain: &Model,
    now_ms: i64,
    missing_since_ms: Option<i64>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::CheckedAtMs, Expr::value(now_ms))
        .col_expr(Column::MissingSinceMs, Expr::value(missing_since_ms))
        .filter(Column::Id.eq(domain.id))
        .filter(Column::VerifyToken.eq(&domain.verify_token))
        .exec(c)
        .await
        .map(drop)
}

/// Makes a verified domain a pending one with another token, unless its proof was found meanwhile.
pub(crate) async fn lose(
    c: &impl ConnectionTrait,
    domain: &Model,
    token: &str,
    now_ms: i64,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::VerifiedName, Expr::value(None::<String>))
        .col_expr(Column::VerifiedAtMs, Expr::value(None::<i64>))
        .col_expr(Column::VerifyToken, Expr::value(token))
        .col_expr(Column::MissingSinceMs, Expr::value(None::<i64>))
        .col_expr(Column::LostAtMs, Expr::value(now_ms))
        .filter(Column::Id.eq(domain.id))
        .filter(Column::VerifyToken.eq(&domain.verify_token))
        .filter(Column::MissingSinceMs.eq(domain.missing_since_ms))
        .exec(c)
        .await
        .map(drop)
}

/// Notes what a verification saw of a domain's mail servers.
pub(crate) async fn set_mx(c: &impl ConnectionTrait, id: DomainId, mx_configured: bool) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::MxConfigured, Expr::value(mx_configured))
        .filter(Column::Id.eq(id))
        .exec(c)
        .await
        .map(drop)
}

/// Names the mailbox that takes what a Pro user's domain has no mailbox for, or none. Returns false when there is no such
/// domain.
pub(crate) async fn set_catch_all(
    c: &impl ConnectionTrait,
    user: UserId,
    id: DomainId,
    account: Option<AccountId>,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::CatchAll, Expr::value(account))
        .filter(Column::Id.eq(id))
        .filter(Column::UserId.eq(user))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Takes mailboxes that have ended out of the domains that name them.
pub(crate) async fn forget_catch_alls(c: &impl ConnectionTrait, accounts: &[AccountId]) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::CatchAll, Expr::value(None::<AccountId>))
        .filter(Column::CatchAll.is_in(accounts.iter().copied()))
        .exec(c)
        .await
        .map(drop)
}

/// Removes a Pro user's domain. Returns false when there is none.
pub(crate) async fn remove(c: &impl ConnectionTrait, user: UserId, id: DomainId) -> Result<bool, DbErr> {
    let deleted = Entity::delete_many()
        .filter(Column::Id.eq(id))
        .filter(Column::UserId.eq(user))
        .exec(c)
        .await?;
    Ok(deleted.rows_affected > 0)
}

/// Removes a Pro user's domains.
pub(crate) async fn remove_of_user(c: &impl ConnectionTrait, user: UserId) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::UserId.eq(user))
        .exec(c)
        .await
        .map(drop)
}

/// Removes domains that wait since a time or longer. Returns how many.
pub(crate) async fn remove_waiting(
    c: &impl ConnectionTrait,
    before_ms: i64,
    limit: u64,
) -> Result<usize, DbErr> {
    let ids: Vec<DomainId> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::VerifiedName.is_null())
        .filter(waits_since().lte(before_ms))
        .limit(limit)
        .into_tuple()
        .all(c)
        .await?;
    if !ids.is_empty() {
        Entity::delete_many()
            .filter(Column::Id.is_in(ids.iter().copied()))
            .exec(c)
            .await?;
    }
    Ok(ids.len())
}

/// Since when a domain waits that is not verified.
fn waits_since() -> SimpleExpr {
    let times = [Column::LostAtMs, Column::CreatedAtMs].map(Expr::col);
    Func::coalesce(times).into()
}
