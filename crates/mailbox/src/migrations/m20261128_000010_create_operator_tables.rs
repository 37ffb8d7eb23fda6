//! Blocks, the audit log, and whether a system domain accepts new mailboxes.

use mayfly_database::audit;
use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{ColumnDef, DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table},
    schema::{big_integer, big_integer_null, pk_uuid, small_integer, string, text},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Blocks {
    Table,
    Id,
    Kind,
    Pattern,
    Reason,
    CreatedAtMs,
    UpdatedAtMs,
    ExpiresAtMs,
}

#[derive(DeriveIden)]
enum Domains {
    Table,
    IsAccepting,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let blocks = Table::create()
            .table(Blocks::Table)
            .col(pk_uuid(Blocks::Id))
            .col(small_integer(Blocks::Kind))
            .col(string(Blocks::Pattern))
            .col(text(Blocks::Reason))
            .col(big_integer(Blocks::CreatedAtMs))
            .col(big_integer(Blocks::UpdatedAtMs))
            .col(big_integer_null(Blocks::ExpiresAtMs))
            .to_owned();
        manager.create_table(blocks).await?;
        let by_pattern = Index::create()
            .name("blocks_pattern")
            .table(Blocks::Table)
            .col(Blocks::Kind)
            .col(Blocks::Pattern)
            .unique()
            .to_owned();
        manager.create_index(by_pattern).await?;
        let is_accepting = ColumnDef::new(Domains::IsAccepting)
            .boolean()
            .not_null()
            .default(true)
            .to_owned();
        let domains = Table::alter()
            .table(Domains::Table)
            .add_column(is_accepting)
            .to_owned();
        manager.alter_table(domains).await?;
        audit::create_table(manager).await
    }
}
