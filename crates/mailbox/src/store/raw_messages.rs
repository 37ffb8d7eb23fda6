//! The table `raw_messages`. A row that goes leaves its blob to the outbox, in the same transaction.

use mayfly_types::{BlobId, RawMessageId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Query, SimpleExpr},
};

use super::{
    RawMessage,
    entities::raw_message::{ActiveModel, Column, Entity},
    outbox,
};

/// Rows of one statement, chosen so that it is not much larger than one mail.
const ROWS: usize = 64;

/// Inserts the bytes of deliveries.
pub(crate) async fn insert(c: &impl ConnectionTrait, rows: Vec<RawMessage>) -> Result<(), DbErr> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk = rows.by_ref().take(ROWS).map(|row| ActiveModel {
            id: Set(row.id),
            extracted_version: Set(row.extracted_version),
            extracted: Set(row.extracted),
            blob_id: Set(row.blob_id),
            bytes: Set(row.bytes),
        });
        Entity::insert_many(chunk).exec_without_returning(c).await?;
    }
    Ok(())
}

/// Finds the row of a delivery.
pub(crate) async fn find(
    c: &impl ConnectionTrait,
    raw_id: RawMessageId,
) -> Result<Option<RawMessage>, DbErr> {
    Entity::find_by_id(raw_id).one(c).await
}

/// Lists the deliveries that name a blob.
pub(crate) async fn list_naming(c: &impl ConnectionTrait, blob: BlobId) -> Result<Vec<RawMessageId>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::BlobId.eq(blob))
        .into_tuple()
        .all(c)
        .await
}

/// Removes rows. Returns how many.
pub(crate) async fn remove(c: &impl ConnectionTrait, condition: SimpleExpr) -> Result<u64, DbErr> {
    let delete = Query::delete()
        .from_table(Entity)
        .and_where(condition)
        .returning_col(Column::BlobId)
        .to_owned();
    let removed = c.query_all(&delete).await?;
    let mut blobs = Vec::new();
    for row in &removed {
        blobs.extend(row.try_get_by_index::<Option<BlobId>>(0)?);
    }
    outbox::delete_blobs(c, &blobs).await?;
    Ok(u64::try_from(removed.len()).unwrap_or(u64::MAX))
}
