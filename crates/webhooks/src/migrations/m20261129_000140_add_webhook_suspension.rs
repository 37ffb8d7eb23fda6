//! When an operator suspended the owner of a webhook.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, MigrationTrait, SchemaManager, Table},
    schema::big_integer_null,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Webhooks {
    Table,
    SuspendedAtMs,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let webhooks = Table::alter()
            .table(Webhooks::Table)
            .add_column(big_integer_null(Webhooks::SuspendedAtMs))
            .to_owned();
        manager.alter_table(webhooks).await
    }
}
