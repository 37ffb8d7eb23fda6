//! The client that created a mailbox.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, MigrationTrait, SchemaManager, Table},
    schema::string_len_null,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Mailboxes {
    Table,
    CreatedFrom,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let added = Table::alter()
            .table(Mailboxes::Table)
            .add_column(string_len_null(Mailboxes::CreatedFrom, 45))
            .to_owned();
        manager.alter_table(added).await
    }
}
