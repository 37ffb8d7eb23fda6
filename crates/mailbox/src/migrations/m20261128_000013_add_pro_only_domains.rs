//! Whether a system domain is for mailboxes of Pro users only.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::prelude::{ColumnDef, DeriveMigrationName, MigrationTrait, SchemaManager, Table};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Domains {
    Table,
    IsProOnly,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_pro_only = ColumnDef::new(Domains::IsProOnly)
            .boolean()
            .not_null()
            .default(false)
            .to_owned();
        let domains = Table::alter()
            .table(Domains::Table)
            .add_column(is_pro_only)
            .to_owned();
        manager.alter_table(domains).await
    }
}
