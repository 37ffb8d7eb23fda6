//! Pro API tokens.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, binary_len, text, uuid},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("pro_tokens")
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(text("name"))
            .col(binary_len("token_hash", 32).unique_key())
            .col(big_integer("created_at_secs"))
            .col(big_integer_null("last_used_at_secs"))
            .col(big_integer_null("revoked_at_secs"))
            .foreign_key(
                ForeignKey::create()
                    .from("pro_tokens", "user_id")
                    .to("users", "id"),
            )
            .to_owned();
        manager.create_table(table).await?;
        let by_user = Index::create()
            .name("pro_tokens_user_id")
            .table("pro_tokens")
            .col("user_id")
            .to_owned();
        manager.create_index(by_user).await
    }
}
