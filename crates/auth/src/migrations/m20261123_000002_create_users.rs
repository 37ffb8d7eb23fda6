//! Pro users.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, small_integer, text, uuid},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("users")
            .col(uuid("id").primary_key())
            .col(text("email").unique_key())
            .col(small_integer("password_scheme"))
            .col(text("password_hash"))
            .col(big_integer("generation"))
            .col(big_integer("created_at_secs"))
            .to_owned();
        manager.create_table(table).await
    }
}
