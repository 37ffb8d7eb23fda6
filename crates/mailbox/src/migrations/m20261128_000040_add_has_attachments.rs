//! Whether a message has attachments. Null for those that are stored already: only their bytes say it, and messages live for some
//! days only.

use sea_orm::DbErr;
use sea_orm_migration::{
    prelude::{DeriveMigrationName, MigrationTrait, SchemaManager, Table},
    schema::boolean_null,
};

use crate::store::entities::message;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = Table::alter()
            .table(message::Entity)
            .add_column(boolean_null(message::Column::HasAttachments))
            .to_owned();
        manager.alter_table(column).await
    }
}
