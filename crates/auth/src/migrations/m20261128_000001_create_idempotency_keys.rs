//! What calls with an Idempotency-Key answered.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, binary_len, blob},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("idempotency_keys")
            .col(binary_len("id", 32).primary_key())
            .col(binary_len("fingerprint", 32))
            .col(blob("sealed_answer"))
            .col(big_integer("created_at_ms"))
            .to_owned();
        manager.create_table(table).await?;
        // For the sweeper.
        let by_age = Index::create()
            .name("idempotency_keys_created_at")
            .table("idempotency_keys")
            .col("created_at_ms")
            .to_owned();
        manager.create_index(by_age).await
    }
}
