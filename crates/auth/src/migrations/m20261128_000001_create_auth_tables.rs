//! Passwords of mailboxes, Pro users and their tokens, idempotency keys, and leases.

use mayfly_database::{idempotency, lease};
use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, binary_len, small_integer, text, uuid},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [credentials(), users(), pro_tokens()] {
            manager.create_table(table).await?;
        }
        let by_user = Index::create()
            .name("pro_tokens_user_id")
            .table("pro_tokens")
            .col("user_id")
            .to_owned();
        manager.create_index(by_user).await?;
        idempotency::create_table(manager).await?;
        lease::create_table(manager).await
    }
}

fn credentials() -> TableCreateStatement {
    Table::create()
        .table("credentials")
        .col(uuid("account_id").primary_key())
        .col(small_integer("password_scheme"))
        .col(text("password_hash"))
        .col(big_integer("generation"))
        .col(big_integer("created_at_secs"))
        .to_owned()
}

fn users() -> TableCreateStatement {
    Table::create()
        .table("users")
        .col(uuid("id").primary_key())
        .col(text("email").unique_key())
        .col(small_integer("password_scheme"))
        .col(text("password_hash"))
        .col(big_integer("generation"))
        .col(big_integer("created_at_secs"))
        .to_owned()
}

fn pro_tokens() -> TableCreateStatement {
    Table::create()
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
        .to_owned()
}
