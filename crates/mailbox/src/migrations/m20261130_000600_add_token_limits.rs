//! The token with limits that created a mailbox.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let creator = ColumnDef::new("created_by_token_id").uuid().to_owned();
        let mailboxes = Table::alter().table("mailboxes").add_column(creator).to_owned();
        manager.alter_table(mailboxes).await
    }
}
