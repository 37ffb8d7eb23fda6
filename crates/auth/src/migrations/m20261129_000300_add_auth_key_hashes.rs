//! The key of mail.td that belongs to the password of a mailbox.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let hash = ColumnDef::new("auth_key_hash").binary_len(32).to_owned();
        let credentials = Table::alter().table("credentials").add_column(hash).to_owned();
        manager.alter_table(credentials).await
    }
}
