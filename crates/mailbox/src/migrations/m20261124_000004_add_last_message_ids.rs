//! The newest id of each mailbox and of each owner's mailboxes: what is stored later gets a larger one.

use sea_orm::{ConnectionTrait, DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Iden, IntoIden, MigrationTrait, SchemaManager, Table},
    schema::uuid_null,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Mailboxes {
    Table,
    LastMessageId,
}

#[derive(DeriveIden)]
enum Owners {
    Table,
    LastMessageId,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add(manager, Mailboxes::Table, Mailboxes::LastMessageId).await?;
        add(manager, Owners::Table, Owners::LastMessageId).await?;
        // What is stored already comes before whoever begins to follow. PostgreSQL before 18 has no max() of ids.
        for fill in [
            "UPDATE mailboxes SET last_message_id = (SELECT id FROM messages \
             WHERE messages.account_id = mailboxes.id ORDER BY id DESC LIMIT 1)",
            "UPDATE owners SET last_message_id = (SELECT last_message_id FROM mailboxes \
             WHERE mailboxes.owner_user_id = owners.user_id AND last_message_id IS NOT NULL \
             ORDER BY last_message_id DESC LIMIT 1)",
        ] {
            manager.get_connection().execute_unprepared(fill).await?;
        }
        Ok(())
    }
}

async fn add(
    manager: &SchemaManager<'_>,
    table: impl IntoIden,
    column: impl Iden + IntoIden + 'static,
) -> Result<(), DbErr> {
    let change = Table::alter()
        .table(table.into_iden())
        .add_column(uuid_null(column))
        .to_owned();
    manager.alter_table(change).await
}
