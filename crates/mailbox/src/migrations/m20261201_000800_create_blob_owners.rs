//! Which store of blobs belongs to the database.

use sea_orm::DbErr;
use sea_orm_migration::{
    prelude::{DeriveMigrationName, MigrationTrait, SchemaManager, Table},
    schema::{small_integer, string, string_null},
};

use crate::store::entities::blob_owner::{Column, Entity};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Entity)
            .col(small_integer(Column::Id).primary_key())
            .col(string(Column::Mark))
            .col(string_null(Column::Previous))
            .to_owned();
        manager.create_table(table).await
    }
}
