//! An index by which each worker of the outbox finds its own due entries, however many wait for the other.

use sea_orm::DbErr;
use sea_orm_migration::prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager};

use crate::store::entities::outbox_entry::{Column, Entity};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by_kind = Index::create()
            .name("outbox_due_by_kind")
            .table(Entity)
            .col(Column::Kind)
            .col(Column::NextAttemptAtMs)
            .to_owned();
        manager.create_index(by_kind).await?;
        let by_time = Index::drop().name("outbox_due").table(Entity).to_owned();
        manager.drop_index(by_time).await
    }
}
