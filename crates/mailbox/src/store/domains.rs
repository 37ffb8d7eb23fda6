//! The table `domains`.

use mayfly_types::{DomainId, DomainName};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
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
            is_pro_only: Set(false),
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

/// What an operator changes on a domain. `None` leaves a value as it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Change {
    pub(crate) is_accepting: Option<bool>,
    pub(crate) is_pro_only: Option<bool>,
}

/// Changes a domain. Returns false when there is no such domain.
pub(crate) async fn change(c: &impl ConnectionTrait, name: &str, change: Change) -> Result<bool, DbErr> {
    let mut update = Entity::update_many().filter(Column::Name.eq(name));
    if let Some(is_accepting) = change.is_accepting {
        update = update.col_expr(Column::IsAccepting, Expr::value(is_accepting));
    }
    if let Some(is_pro_only) = change.is_pro_only {
        update = update.col_expr(Column::IsProOnly, Expr::value(is_pro_only));
    }
    Ok(update.exec(c).await?.rows_affected > 0)
}

/// Counts the domains of the configuration, and those of them that accept new mailboxes.
pub(crate) async fn count(c: &impl ConnectionTrait) -> Result<(u64, u64), DbErr> {
    let listed = Entity::find().filter(Column::IsListed.eq(true));
    let accepting = listed.clone().filter(Column::IsAccepting.eq(true));
    Ok((listed.count(c).await?, accepting.count(c).await?))
}

/// Returns whether a domain is or was a system domain.
pub(crate) async fn is_known(c: &impl ConnectionTrait, name: &str) -> Result<bool, DbErr> {
    Ok(Entity::find()
        .filter(Column::Name.eq(name))
        .one(c)
        .await?
        .is_some())
}
