//! The role of a Pro user.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The previous version inserts users without one.
        let role = ColumnDef::new("role")
            .small_integer()
            .not_null()
            .default(0)
            .to_owned();
        let users = Table::alter().table("users").add_column(role).to_owned();
        manager.alter_table(users).await
    }
}
