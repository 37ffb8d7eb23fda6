//! Passwords of sandboxes, with which clients send mail over SMTP.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, binary_len, uuid},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("sandbox_credentials")
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(uuid("sandbox_id"))
            .col(binary_len("secret_hash", 32).unique_key())
            .col(big_integer("created_at_secs"))
            .col(big_integer_null("revoked_at_secs"))
            .foreign_key(
                ForeignKey::create()
                    .from("sandbox_credentials", "user_id")
                    .to("users", "id"),
            )
            .to_owned();
        manager.create_table(table).await?;
        for column in ["user_id", "sandbox_id"] {
            let index = Index::create()
                .name(format!("sandbox_credentials_{column}"))
                .table("sandbox_credentials")
                .col(column)
                .to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
