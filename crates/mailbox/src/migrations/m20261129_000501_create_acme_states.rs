//! The state of automatic HTTPS.

use sea_orm::DbErr;
use sea_orm_migration::{
    prelude::{DeriveMigrationName, MigrationTrait, SchemaManager, Table},
    schema::{blob, small_integer},
};

use crate::store::entities::acme_state::{Column, Entity};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Entity)
            .col(small_integer(Column::Id).primary_key())
            .col(blob(Column::SealedState))
            .to_owned();
        manager.create_table(table).await
    }
}
