//! How much mail Pro users received, by day.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table},
    schema::{big_integer, uuid},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum UsageDays {
    Table,
    OwnerUserId,
    Day,
    Messages,
    Bytes,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(UsageDays::Table)
            .col(uuid(UsageDays::OwnerUserId))
            .col(big_integer(UsageDays::Day))
            .col(big_integer(UsageDays::Messages))
            .col(big_integer(UsageDays::Bytes))
            .primary_key(Index::create().col(UsageDays::OwnerUserId).col(UsageDays::Day))
            .to_owned();
        manager.create_table(table).await?;
        // For the sweeper.
        let by_day = Index::create()
            .name("usage_days_day")
            .table(UsageDays::Table)
            .col(UsageDays::Day)
            .to_owned();
        manager.create_index(by_day).await
    }
}
