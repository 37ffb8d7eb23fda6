//! Bytes of large messages apart from their rows.

use sea_orm::{ColumnTrait, DbErr, sea_query::ConditionalStatement};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table},
    schema::{blob, integer, uuid, uuid_null},
};

use crate::store::entities::{blob_part, raw_message};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = Table::alter()
            .table(raw_message::Entity)
            .add_column(uuid_null(raw_message::Column::BlobId))
            .to_owned();
        manager.alter_table(column).await?;
        let named = Index::create()
            .name("raw_messages_blob")
            .table(raw_message::Entity)
            .col(raw_message::Column::BlobId)
            .and_where(raw_message::Column::BlobId.is_not_null())
            .to_owned();
        manager.create_index(named).await?;
        let parts = Table::create()
            .table(blob_part::Entity)
            .col(uuid(blob_part::Column::BlobId))
            .col(integer(blob_part::Column::Part))
            .col(blob(blob_part::Column::Bytes))
            .primary_key(
                Index::create()
                    .col(blob_part::Column::BlobId)
                    .col(blob_part::Column::Part),
            )
            .to_owned();
        manager.create_table(parts).await
    }
}
