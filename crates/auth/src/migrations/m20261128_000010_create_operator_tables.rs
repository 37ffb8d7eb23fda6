//! The audit log, and suspension of Pro users.

use mayfly_database::audit;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let suspended_at = ColumnDef::new("suspended_at_secs").big_integer().to_owned();
        let users = Table::alter().table("users").add_column(suspended_at).to_owned();
        manager.alter_table(users).await?;
        audit::create_table(manager).await
    }
}
