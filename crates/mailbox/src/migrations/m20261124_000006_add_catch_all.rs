//! The mailbox that takes what a domain's other names are sent.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table},
    schema::uuid_null,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum CustomDomains {
    Table,
    CatchAll,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let change = Table::alter()
            .table(CustomDomains::Table)
            .add_column(uuid_null(CustomDomains::CatchAll))
            .to_owned();
        manager.alter_table(change).await?;
        // Whoever ends a mailbox asks for the domains that name it.
        let by_mailbox = Index::create()
            .name("custom_domains_catch_all")
            .table(CustomDomains::Table)
            .col(CustomDomains::CatchAll)
            .to_owned();
        manager.create_index(by_mailbox).await
    }
}
