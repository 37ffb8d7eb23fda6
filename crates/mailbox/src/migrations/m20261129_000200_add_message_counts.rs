//! The number of messages of each mailbox, kept as the used bytes are.

use sea_orm::{ConnectionTrait, DbErr, DeriveIden};
use sea_orm_migration::prelude::{ColumnDef, DeriveMigrationName, MigrationTrait, SchemaManager, Table};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Mailboxes {
    Table,
    MessageCount,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let count = ColumnDef::new(Mailboxes::MessageCount)
            .big_integer()
            .not_null()
            .default(0)
            .to_owned();
        let mailboxes = Table::alter()
            .table(Mailboxes::Table)
            .add_column(count)
            .to_owned();
        manager.alter_table(mailboxes).await?;
        let counted = "UPDATE mailboxes SET message_count = \
                       (SELECT count(*) FROM messages WHERE messages.account_id = mailboxes.id) \
                       WHERE used_bytes > 0";
        manager.get_connection().execute_unprepared(counted).await?;
        Ok(())
    }
}
