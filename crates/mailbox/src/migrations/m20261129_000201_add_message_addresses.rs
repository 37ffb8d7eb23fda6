//! The addresses in the header of a message, for lists. Null for messages that are stored already: they are read when they are
//! first listed.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, MigrationTrait, SchemaManager, Table},
    schema::text_null,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Messages {
    Table,
    Addresses,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = Table::alter()
            .table(Messages::Table)
            .add_column(text_null(Messages::Addresses))
            .to_owned();
        manager.alter_table(column).await
    }
}
