//! The token with limits that created a webhook, and its limits.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, MigrationTrait, SchemaManager, Table},
    schema::{text_null, uuid_null},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Webhooks {
    Table,
    CreatedByTokenId,
    Limits,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [uuid_null(Webhooks::CreatedByTokenId), text_null(Webhooks::Limits)] {
            // SQLite adds one column at a time.
            let webhooks = Table::alter()
                .table(Webhooks::Table)
                .add_column(column)
                .to_owned();
            manager.alter_table(webhooks).await?;
        }
        Ok(())
    }
}
