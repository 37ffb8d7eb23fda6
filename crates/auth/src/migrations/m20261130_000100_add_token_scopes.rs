//! Scopes, limits and expiry of tokens, their usage by day, and the audit log of users.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, pk_uuid, text, text_null, uuid, uuid_null},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            ColumnDef::new("scopes").big_integer().to_owned(),
            ColumnDef::new("limits").text().to_owned(),
            ColumnDef::new("expires_at_secs").big_integer().to_owned(),
            ColumnDef::new("last_used_prefix").text().to_owned(),
        ] {
            // SQLite adds one column at a time.
            let tokens = Table::alter().table("pro_tokens").add_column(column).to_owned();
            manager.alter_table(tokens).await?;
        }
        manager.create_table(usage()).await?;
        manager.create_table(audit_events()).await?;
        for (name, columns) in [
            ("audit_events_user_id", ["user_id", "id"]),
            ("audit_events_token_id", ["token_id", "id"]),
        ] {
            let mut index = Index::create().name(name).table("audit_events").to_owned();
            for column in columns {
                index.col(column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn usage() -> TableCreateStatement {
    Table::create()
        .table("token_usage_days")
        .col(uuid("token_id"))
        .col(big_integer("day"))
        .col(big_integer("calls"))
        .col(big_integer("refused"))
        .primary_key(Index::create().col("token_id").col("day"))
        .to_owned()
}

fn audit_events() -> TableCreateStatement {
    Table::create()
        .table("audit_events")
        .col(pk_uuid("id"))
        .col(uuid("user_id"))
        .col(big_integer("at_ms"))
        .col(uuid_null("token_id"))
        .col(text("action"))
        .col(text("object"))
        .col(text_null("client_prefix"))
        .col(text("outcome"))
        .to_owned()
}
