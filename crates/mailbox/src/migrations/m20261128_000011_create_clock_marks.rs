//! The newest time that the service has seen.

use sea_orm::DbErr;
use sea_orm_migration::{
    prelude::{DeriveMigrationName, MigrationTrait, SchemaManager, Table},
    schema::{big_integer, big_integer_null, small_integer},
};

use crate::store::entities::clock_mark::{Column, Entity};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Entity)
            .col(small_integer(Column::Id).primary_key())
            .col(big_integer(Column::TrustedMs))
            .col(big_integer(Column::SeenMs))
            .col(big_integer_null(Column::SuspectSinceMs))
            .to_owned();
        manager.create_table(table).await
    }
}
