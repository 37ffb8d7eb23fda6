//! What replicas over one database need: leases, and a row of each owner to lock.

use mayfly_database::lease;
use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, MigrationTrait, SchemaManager, Table},
    schema::pk_uuid,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Owners {
    Table,
    UserId,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lease::create_table(manager).await?;
        let owners = Table::create()
            .table(Owners::Table)
            .col(pk_uuid(Owners::UserId))
            .to_owned();
        manager.create_table(owners).await
    }
}
