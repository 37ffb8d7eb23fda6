//! Blobs in the database, in parts that are small enough for a transaction each, and which blobs messages name.

use std::collections::HashSet;

use mayfly_types::BlobId;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};

use super::entities::{
    blob_part::{ActiveModel, Column, Entity},
    raw_message,
};

/// Stores a part. A part that is stored already is the same.
pub(crate) async fn insert_part(
    c: &impl ConnectionTrait,
    id: BlobId,
    part: i32,
    bytes: Vec<u8>,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        blob_id: Set(id),
        part: Set(part),
        bytes: Set(bytes),
    };
    let nothing = OnConflict::columns([Column::BlobId, Column::Part])
        .do_nothing()
        .to_owned();
    Entity::insert(row)
        .on_conflict(nothing)
        .exec_without_returning(c)
        .await
        .map(drop)
}

/// Reads parts of a blob in their order.
pub(crate) async fn list_parts(
    c: &impl ConnectionTrait,
    id: BlobId,
    first: i32,
    last: i32,
) -> Result<Vec<Vec<u8>>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Bytes)
        .filter(Column::BlobId.eq(id))
        .filter(Column::Part.between(first, last))
        .order_by_asc(Column::Part)
        .into_tuple()
        .all(c)
        .await
}

/// Removes the last parts of a blob. Returns how many.
pub(crate) async fn remove_last_parts(
    c: &impl ConnectionTrait,
    id: BlobId,
    count: u64,
) -> Result<u64, DbErr> {
    let last: Vec<i32> = Entity::find()
        .select_only()
        .column(Column::Part)
        .filter(Column::BlobId.eq(id))
        .order_by_desc(Column::Part)
        .limit(count)
        .into_tuple()
        .all(c)
        .await?;
    if last.is_empty() {
        return Ok(0);
    }
    let removed = Entity::delete_many()
        .filter(Column::BlobId.eq(id))
        .filter(Column::Part.is_in(last))
        .exec(c)
        .await?;
    Ok(removed.rows_affected)
}

/// Returns whether the database has a blob or the rest of one.
pub(crate) async fn has_parts(c: &impl ConnectionTrait, id: BlobId) -> Result<bool, DbErr> {
    let found: Option<i32> = Entity::find()
        .select_only()
        .column(Column::Part)
        .filter(Column::BlobId.eq(id))
        .limit(1)
        .into_tuple()
        .one(c)
        .await?;
    Ok(found.is_some())
}

/// Lists the blobs in the database with ids before one that no message names.
pub(crate) async fn list_orphans(
    c: &impl ConnectionTrait,
    before: BlobId,
    limit: u64,
) -> Result<Vec<BlobId>, DbErr> {
    let naming = Query::select()
        .expr(Expr::value(1))
        .from(raw_message::Entity)
        .and_where(
            Expr::col((raw_message::Entity, raw_message::Column::BlobId)).equals((Entity, Column::BlobId)),
        )
        .to_owned();
    Entity::find()
        .select_only()
        .column(Column::BlobId)
        // Parts are stored in their order and removed in the opposite one.
        .filter(Column::Part.eq(0))
        .filter(Column::BlobId.lt(before))
        .filter(Expr::exists(naming).not())
        .limit(limit)
        .into_tuple()
        .all(c)
        .await
}

/// Returns those blobs that no message names.
pub(crate) async fn unnamed(c: &impl ConnectionTrait, ids: &[BlobId]) -> Result<Vec<BlobId>, DbErr> {
    let named: Vec<Option<BlobId>> = raw_message::Entity::find()
        .select_only()
        .column(raw_message::Column::BlobId)
        .filter(raw_message::Column::BlobId.is_in(ids.iter().copied()))
        .into_tuple()
        .all(c)
        .await?;
    let named: HashSet<BlobId> = named.into_iter().flatten().collect();
    Ok(ids.iter().copied().filter(|id| !named.contains(id)).collect())
}

/// Lists blobs that messages name, in the order of their ids.
pub(crate) async fn list_named(
    c: &impl ConnectionTrait,
    after: Option<BlobId>,
    limit: u64,
) -> Result<Vec<BlobId>, DbErr> {
    let mut select = raw_message::Entity::find()
        .select_only()
        .column(raw_message::Column::BlobId)
        .filter(raw_message::Column::BlobId.is_not_null())
        .order_by_asc(raw_message::Column::BlobId)
        .limit(limit);
    if let Some(after) = after {
        select = select.filter(raw_message::Column::BlobId.gt(after));
    }
    let named: Vec<Option<BlobId>> = select.into_tuple().all(c).await?;
    Ok(named.into_iter().flatten().collect())
}

/// Counts the blobs that messages name and that the database does not have.
pub(crate) async fn count_without_parts(c: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let part = Query::select()
        .expr(Expr::value(1))
        .from(Entity)
        .and_where(
            Expr::col((Entity, Column::BlobId)).equals((raw_message::Entity, raw_message::Column::BlobId)),
        )
        .to_owned();
    raw_message::Entity::find()
        .filter(raw_message::Column::BlobId.is_not_null())
        .filter(Expr::exists(part).not())
        .count(c)
        .await
}
