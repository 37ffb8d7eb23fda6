//! Domains that Pro users bring along.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table},
    schema::{big_integer, big_integer_null, boolean, pk_uuid, string, string_null, uuid},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum CustomDomains {
    Table,
    Id,
    UserId,
    Name,
    VerifiedName,
    VerifyToken,
    MxConfigured,
    CreatedAtMs,
    VerifiedAtMs,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let domains = Table::create()
            .table(CustomDomains::Table)
            .col(pk_uuid(CustomDomains::Id))
            .col(uuid(CustomDomains::UserId))
            .col(string(CustomDomains::Name))
            // The name once it is verified: of any number who ask for it, one can have it.
            .col(string_null(CustomDomains::VerifiedName).unique_key())
            .col(string(CustomDomains::VerifyToken))
            .col(boolean(CustomDomains::MxConfigured))
            .col(big_integer(CustomDomains::CreatedAtMs))
            .col(big_integer_null(CustomDomains::VerifiedAtMs))
            .to_owned();
        manager.create_table(domains).await?;
        let of_user = Index::create()
            .name("custom_domains_user")
            .table(CustomDomains::Table)
            .col(CustomDomains::UserId)
            .col(CustomDomains::Name)
            .unique()
            .to_owned();
        manager.create_index(of_user).await
    }
}
