//! The table `leases`: work that one process at a time should do. A lease only spares the others work; what is done under
//! it must be right without it.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::entities::lease::{ActiveModel, Column, Entity};

/// Takes or renews a lease. Returns false while another holds it.
pub(crate) async fn take(
    c: &impl ConnectionTrait,
    name: &str,
    holder: Uuid,
    now_ms: i64,
    until_ms: i64,
) -> Result<bool, DbErr> {
    let row = ActiveModel {
        name: Set(name.to_owned()),
        holder: Set(holder),
        expires_at_ms: Set(until_ms),
    };
    let nothing = OnConflict::column(Column::Name).do_nothing().to_owned();
    let inserted = Entity::insert(row)
        .on_conflict(nothing)
        .exec_without_returning(c)
        .await?;
    if inserted > 0 {
        return Ok(true);
    }
    let is_free = Condition::any()
        .add(Column::Holder.eq(holder))
        .add(Column::ExpiresAtMs.lte(now_ms));
    let updated = Entity::update_many()
        .col_expr(Column::Holder, Expr::value(holder))
        .col_expr(Column::ExpiresAtMs, Expr::value(until_ms))
        .filter(Column::Name.eq(name))
        .filter(is_free)
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}
