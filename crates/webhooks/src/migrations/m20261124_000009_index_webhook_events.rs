//! Partial indexes of undelivered events, and the table of deleted webhooks whose events are not swept yet.

use sea_orm::{
    DbErr, DeriveIden,
    sea_query::{ConditionalStatement, Expr, ExprTrait},
};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table},
    schema::pk_uuid,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum WebhookEvents {
    Table,
    WebhookId,
    Attempts,
    NextAttemptAtMs,
}

#[derive(DeriveIden)]
enum RemovedWebhooks {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use WebhookEvents::{Attempts, NextAttemptAtMs, WebhookId};
        let waits = || Expr::col(NextAttemptAtMs).is_not_null();
        // Counts pending events. Most events are delivered already, and kept.
        let waiting = Index::create()
            .name("webhook_events_waiting")
            .table(WebhookEvents::Table)
            .col(WebhookId)
            .col(NextAttemptAtMs)
            .and_where(waits())
            .to_owned();
        // Finds failed events with another attempt planned. Empty while receivers are healthy.
        let failing = Index::create()
            .name("webhook_events_failing")
            .table(WebhookEvents::Table)
            .col(WebhookId)
            .col(Attempts)
            .and_where(waits())
            .and_where(Expr::col(Attempts).gt(0))
            .to_owned();
        manager.create_index(waiting).await?;
        manager.create_index(failing).await?;
        let removed = Table::create()
            .table(RemovedWebhooks::Table)
            .col(pk_uuid(RemovedWebhooks::Id))
            .to_owned();
        manager.create_table(removed).await
    }
}
