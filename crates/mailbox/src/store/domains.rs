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
            is_accepting: Set(true),
        })
        .on_conflict(update)
        .exec_without_returning(c)
        .await?;
    }
    Ok(())
}

/// Lists the domains that new mailboxes can be created on, in order.
pub(crate) async fn list(c: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::IsListed.eq(true))
        .filter(Column::IsAccepting.eq(true))
        .order_by_asc(Column::SortOrder)
        .all(c)
        .await
}

/// Lists every domain, those in the configuration first and in its order.
pub(crate) async fn list_all(c: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .order_by_desc(Column::IsListed)
        .order_by_asc(Column::SortOrder)
        .all(c)
        .await
}

/// Sets whether a domain accepts new mailboxes. Returns false when there is no such domain.
pub(crate) async fn set_accepting(
    c: &impl ConnectionTrait,
    name: &str,
    is_accepting: bool,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::IsAccepting, Expr::value(is_accepting))
        .filter(Column::Name.eq(name))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Returns whether a domain is or was a system domain.
pub(crate) async fn is_known(c: &impl ConnectionTrait, name: &str) -> Result<bool, DbErr> {
    Ok(Entity::find()
        .filter(Column::Name.eq(name))
        .one(c)
        .await?
        .is_some())
}
