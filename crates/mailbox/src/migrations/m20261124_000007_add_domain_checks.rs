//! When the proof of a verified domain was last asked for, since when it is missing, and when it was lost.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table},
    schema::big_integer_null,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum CustomDomains {
    Table,
    CheckedAtMs,
    MissingSinceMs,
    LostAtMs,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use CustomDomains::{CheckedAtMs, LostAtMs, MissingSinceMs};
        // One at a time: SQLite takes no more.
        for column in [CheckedAtMs, MissingSinceMs, LostAtMs] {
            let change = Table::alter()
                .table(CustomDomains::Table)
                .add_column(big_integer_null(column))
                .to_owned();
            manager.alter_table(change).await?;
        }
        let by_check = Index::create()
            .name("custom_domains_checked")
            .table(CustomDomains::Table)
            .col(CheckedAtMs)
            .to_owned();
        manager.create_index(by_check).await
    }
}
