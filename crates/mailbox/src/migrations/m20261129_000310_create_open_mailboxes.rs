//! Open mailboxes, and the messages in them.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table},
    schema::{big_integer_null, pk_uuid, uuid},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum OpenMailboxes {
    Table,
    AccountId,
    EmptySinceMs,
}

#[derive(DeriveIden)]
enum OpenMessages {
    Table,
    MessageId,
    AccountId,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mailboxes = Table::create()
            .table(OpenMailboxes::Table)
            .col(pk_uuid(OpenMailboxes::AccountId))
            .col(big_integer_null(OpenMailboxes::EmptySinceMs))
            .to_owned();
        manager.create_table(mailboxes).await?;
        let empty = Index::create()
            .name("open_mailboxes_empty")
            .table(OpenMailboxes::Table)
            .col(OpenMailboxes::EmptySinceMs)
            .to_owned();
        manager.create_index(empty).await?;
        // Ids sort by time, so the primary key finds the oldest messages too.
        let messages = Table::create()
            .table(OpenMessages::Table)
            .col(pk_uuid(OpenMessages::MessageId))
            .col(uuid(OpenMessages::AccountId))
            .to_owned();
        manager.create_table(messages).await
    }
}
