//! The table `usage_days`. A writer has locked the owner of its rows.

use mayfly_types::UserId;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};

use super::entities::usage_day::{Column, Entity, Model};

/// Adds to the usage of days.
pub(crate) async fn add(c: &impl ConnectionTrait, received: Vec<Model>) -> Result<(), DbErr> {
    let more = |column: Column| {
        let excluded = Expr::col(("excluded", column));
        (column, Expr::col((Entity, column)).add(excluded))
    };
    let conflict = OnConflict::columns([Column::OwnerUserId, Column::Day])
        .values([more(Column::Messages), more(Column::Bytes)])
        .to_owned();
    Entity::insert_many(received.into_iter().map(IntoActiveModel::into_active_model))
        .on_conflict(conflict)
        .exec_without_returning(c)
        .await
        .map(drop)
}

/// Lists the usage of an owner from a day on, oldest first. Days without mail are left out.
pub(crate) async fn list_since(
    c: &impl ConnectionTrait,
    owner: UserId,
    day: i64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::OwnerUserId.eq(owner))
        .filter(Column::Day.gte(day))
        .order_by_asc(Column::Day)
        .all(c)
        .await
}

/// Removes the usage of an owner.
pub(crate) async fn remove_of(c: &impl ConnectionTrait, owner: UserId) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::OwnerUserId.eq(owner))
        .exec(c)
        .await
        .map(drop)
}

/// Removes rows older than a day. Returns how many.
pub(crate) async fn remove_before(c: &impl ConnectionTrait, day: i64, limit: u64) -> Result<u64, DbErr> {
    let old = Query::select()
        .columns([Column::OwnerUserId, Column::Day])
        .from(Entity)
        .and_where(Expr::col(Column::Day).lt(day))
        .limit(limit)
        .to_owned();
    let key = Expr::tuple([Expr::col(Column::OwnerUserId), Expr::col(Column::Day)]);
    let deleted = Entity::delete_many().filter(key.in_subquery(old)).exec(c).await?;
    Ok(deleted.rows_affected)
}
