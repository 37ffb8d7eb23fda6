//! How much a mailbox has received on a day.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, MigrationTrait, SchemaManager, Table},
    schema::big_integer,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Mailboxes {
    Table,
    ReceivedDay,
    ReceivedBytes,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [Mailboxes::ReceivedDay, Mailboxes::ReceivedBytes] {
            let added = Table::alter()
                .table(Mailboxes::Table)
                .add_column(big_integer(column).default(0))
                .to_owned();
            manager.alter_table(added).await?;
        }
        Ok(())
    }
}
