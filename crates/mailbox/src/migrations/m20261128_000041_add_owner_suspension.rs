//! Suspension of Pro users.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::prelude::{ColumnDef, DeriveMigrationName, MigrationTrait, SchemaManager, Table};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Owners {
    Table,
    SuspendedAtMs,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let suspended_at = ColumnDef::new(Owners::SuspendedAtMs).big_integer().to_owned();
        let owners = Table::alter()
            .table(Owners::Table)
            .add_column(suspended_at)
            .to_owned();
        manager.alter_table(owners).await
    }
}
