//! Sandboxes, and the envelopes of the messages in them. The columns are null for mail from outside.

use sea_orm::DbErr;
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table},
    schema::{big_integer, boolean, pk_uuid, string, text, text_null, uuid},
};

use crate::store::entities::message;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sandboxes = Table::create()
            .table("sandboxes")
            .col(pk_uuid("id"))
            .col(uuid("owner_user_id"))
            .col(text("name"))
            .col(uuid("account_id").unique_key())
            .col(string("login").unique_key())
            .col(big_integer("max_messages"))
            .col(big_integer("retention_ms"))
            .col(boolean("deliver_to_own"))
            .col(big_integer("created_at_ms"))
            .to_owned();
        manager.create_table(sandboxes).await?;
        let by_owner = Index::create()
            .name("sandboxes_owner_user_id")
            .table("sandboxes")
            .col("owner_user_id")
            .to_owned();
        manager.create_index(by_owner).await?;
        // One column in each statement: SQLite adds no more.
        for column in [message::Column::EnvelopeTo, message::Column::EnvelopeOrigin] {
            let messages = Table::alter()
                .table(message::Entity)
                .add_column(text_null(column))
                .to_owned();
            manager.alter_table(messages).await?;
        }
        Ok(())
    }
}
