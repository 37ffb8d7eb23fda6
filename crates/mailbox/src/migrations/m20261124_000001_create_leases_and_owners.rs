//! What several processes over one database need: leases, and a row of each owner to lock.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, MigrationTrait, SchemaManager, Table},
    schema::{big_integer, pk_uuid, string, uuid},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Leases {
    Table,
    Name,
    Holder,
    ExpiresAtMs,
}

#[derive(DeriveIden)]
enum Owners {
    Table,
    UserId,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let leases = Table::create()
            .table(Leases::Table)
            .col(string(Leases::Name).primary_key())
            .col(uuid(Leases::Holder))
            .col(big_integer(Leases::ExpiresAtMs))
            .to_owned();
        manager.create_table(leases).await?;
        let owners = Table::create()
            .table(Owners::Table)
            .col(pk_uuid(Owners::UserId))
            .to_owned();
        manager.create_table(owners).await
    }
}
