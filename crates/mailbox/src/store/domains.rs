//! The table `domains`.

use mayfly_types::{DomainId, DomainName};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};
use time::OffsetDateTime;

use super::entities::domain::{ActiveModel, Column, Entity, Model};

/// Lists exactly the domains of the configuration, in its order. A domain that returns keeps its id.
pub(crate) async fn sync(
    c: &impl ConnectionTrait,
    names: &[DomainName],
    now: OffsetDateTime,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::IsListed, Expr::value(false))
        .exec(c)
        .await?;
    for (order, name) in (0..).zip(names) {
        // Processes that start concurrently can insert the same domain.
        let update = OnConflict::column(Column::Name)
            .update_columns([Column::SortOrder, Column::IsListed])
            .to_owned();
        Entity::insert(ActiveModel {
            id: Set(DomainId::new(now)),
            name: Set(name.to_string()),
            sort_order: Set(order),
            is_listed: Set(true),
        })
        .on_conflict(update)
        .exec_without_returning(c)
        .await?;
    }
    Ok(())
}

/// Lists the listed domains in order.
pub(crate) async fn list(c: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::IsListed.eq(true))
        .order_by_asc(Column::SortOrder)
        .all(c)
        .await
}

/// Returns whether a domain is or was a system domain.
pub(crate) async fn is_known(c: &impl ConnectionTrait, name: &str) -> Result<bool, DbErr> {
    Ok(Entity::find()
        .filter(Column::Name.eq(name))
        .one(c)
        .await?
        .is_some())
}
