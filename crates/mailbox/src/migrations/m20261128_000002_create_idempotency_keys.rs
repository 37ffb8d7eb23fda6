//! What calls with an Idempotency-Key answered.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table},
    schema::{big_integer, binary_len, blob},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum IdempotencyKeys {
    Table,
    Id,
    Fingerprint,
    SealedAnswer,
    CreatedAtMs,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(IdempotencyKeys::Table)
            .col(binary_len(IdempotencyKeys::Id, 32).primary_key())
            .col(binary_len(IdempotencyKeys::Fingerprint, 32))
            .col(blob(IdempotencyKeys::SealedAnswer))
            .col(big_integer(IdempotencyKeys::CreatedAtMs))
            .to_owned();
        manager.create_table(table).await?;
        // For the sweeper.
        let by_age = Index::create()
            .name("idempotency_keys_created_at")
            .table(IdempotencyKeys::Table)
            .col(IdempotencyKeys::CreatedAtMs)
            .to_owned();
        manager.create_index(by_age).await
    }
}
