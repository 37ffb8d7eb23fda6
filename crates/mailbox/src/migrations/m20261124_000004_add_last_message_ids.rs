//! The newest id of each mailbox and of each owner's mailboxes: what is stored later gets a larger one.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Iden, IntoIden, MigrationTrait, SchemaManager, Table},
    schema::uuid_null,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Mailboxes {
    Table,
    LastMessageId,
}

#[derive(DeriveIden)]
enum Owners {
    Table,
    LastMessageId,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add(manager, Mailboxes::Table, Mailboxes::LastMessageId).await?;
        add(manager, Owners::Table, Owners::LastMessageId).await
    }
}

async fn add(
    manager: &SchemaManager<'_>,
    table: impl IntoIden,
    column: impl Iden + IntoIden + 'static,
) -> Result<(), DbErr> {
    let change = Table::alter()
        .table(table.into_iden())
        .add_column(uuid_null(column))
        .to_owned();
    manager.alter_table(change).await
}
