//! The table `blocks`.

use mayfly_types::BlockId;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};

use super::entities::block::{ActiveModel, Column, Entity, Kind, Model};

fn in_force(now_ms: i64) -> Condition {
    Condition::any()
        .add(Column::ExpiresAtMs.is_null())
        .add(Column::ExpiresAtMs.gt(now_ms))
}

/// Lists the blocks in force, oldest first.
pub(crate) async fn list(c: &impl ConnectionTrait, now_ms: i64) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(in_force(now_ms))
        .order_by_asc(Column::Id)
        .all(c)
        .await
}

/// Counts the blocks in force.
pub(crate) async fn count(c: &impl ConnectionTrait, now_ms: i64) -> Result<u64, DbErr> {
    Entity::find().filter(in_force(now_ms)).count(c).await
}

/// Returns values that differ after any change of the table: how many rows there are, and the largest id and time of change.
pub(crate) async fn version(c: &impl ConnectionTrait) -> Result<(i64, Option<BlockId>, Option<i64>), DbErr> {
    let newest = Entity::find()
        .select_only()
        .column(Column::Id)
        .order_by_desc(Column::Id)
        .into_tuple()
        .one(c);
    let newest = newest.await?;
    let counted = Entity::find()
        .select_only()
        .column_as(Column::Id.count(), "blocks")
        .column_as(Column::UpdatedAtMs.max(), "updated_at_ms")
        .into_tuple::<(i64, Option<i64>)>()
        .one(c)
        .await?;
    let (count, updated_at_ms) = counted.unwrap_or_default();
    Ok((count, newest, updated_at_ms))
}

/// Inserts a block, or changes reason and expiry of the one with this kind and pattern. Returns the stored block.
pub(crate) async fn put(c: &impl ConnectionTrait, block: Model) -> Result<Option<Model>, DbErr> {
    let (kind, pattern) = (block.kind, block.pattern.clone());
    let update = OnConflict::columns([Column::Kind, Column::Pattern])
        .update_columns([Column::Reason, Column::UpdatedAtMs, Column::ExpiresAtMs])
        .to_owned();
    Entity::insert(ActiveModel {
        id: Set(block.id),
        kind: Set(block.kind),
        pattern: Set(block.pattern),
        reason: Set(block.reason),
        created_at_ms: Set(block.created_at_ms),
        updated_at_ms: Set(block.updated_at_ms),
        expires_at_ms: Set(block.expires_at_ms),
    })
    .on_conflict(update)
    .exec_without_returning(c)
    .await?;
    find_by_pattern(c, kind, &pattern).await
}

async fn find_by_pattern(
    c: &impl ConnectionTrait,
    kind: Kind,
    pattern: &str,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::Kind.eq(kind))
        .filter(Column::Pattern.eq(pattern))
        .one(c)
        .await
}

/// Finds a block.
pub(crate) async fn find(c: &impl ConnectionTrait, id: BlockId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(c).await
}

/// Removes a block.
pub(crate) async fn remove(c: &impl ConnectionTrait, id: BlockId) -> Result<(), DbErr> {
    Entity::delete_by_id(id).exec(c).await.map(drop)
}

/// Removes expired blocks.
pub(crate) async fn remove_expired(c: &impl ConnectionTrait, now_ms: i64) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::ExpiresAtMs.lte(now_ms))
        .exec(c)
        .await
        .map(drop)
}
