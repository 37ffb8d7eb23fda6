//! Webhooks, their events, the attempts to deliver them, and the deleted webhooks whose events are not swept yet.

use sea_orm::{
    DbErr, DeriveIden,
    sea_query::{ConditionalStatement, Expr, ExprTrait},
};
use sea_orm_migration::{
    prelude::{
        DeriveMigrationName, Index, IndexCreateStatement, MigrationTrait, SchemaManager, Table,
        TableCreateStatement,
    },
    schema::{
        big_integer, big_integer_null, blob, blob_null, integer, integer_null, pk_uuid, small_integer, text,
        text_null, uuid,
    },
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Webhooks {
    Table,
    Id,
    OwnerUserId,
    Url,
    State,
    SealedSecret,
    SealedOldSecret,
    OldSecretUntilMs,
    FailureCount,
    AnsweredInMs,
    LastTriggeredAtMs,
    CreatedAtMs,
}

#[derive(DeriveIden)]
enum WebhookEvents {
    Table,
    Id,
    WebhookId,
    Body,
    Traceparent,
    Attempts,
    NextAttemptAtMs,
}

#[derive(DeriveIden)]
enum WebhookAttempts {
    Table,
    Id,
    WebhookId,
    EventId,
    Attempt,
    StatusCode,
    Error,
    DurationMs,
    CreatedAtMs,
}

#[derive(DeriveIden)]
enum RemovedWebhooks {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            webhooks(),
            webhook_events(),
            webhook_attempts(),
            removed_webhooks(),
        ] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn indexes() -> [IndexCreateStatement; 6] {
    use WebhookEvents::{Attempts, NextAttemptAtMs, WebhookId};
    let is_pending = || Expr::col(NextAttemptAtMs).is_not_null();
    [
        Index::create()
            .name("webhooks_owner")
            .table(Webhooks::Table)
            .col(Webhooks::OwnerUserId)
            .to_owned(),
        // Finds whether anything is due, and the due events of one webhook.
        Index::create()
            .name("webhook_events_due")
            .table(WebhookEvents::Table)
            .col(NextAttemptAtMs)
            .to_owned(),
        Index::create()
            .name("webhook_events_due_of")
            .table(WebhookEvents::Table)
            .col(WebhookId)
            .col(NextAttemptAtMs)
            .to_owned(),
        // Counts pending events. Most events are delivered already, and kept.
        Index::create()
            .name("webhook_events_waiting")
            .table(WebhookEvents::Table)
            .col(WebhookId)
            .col(NextAttemptAtMs)
            .and_where(is_pending())
            .to_owned(),
        // Finds failed events with another attempt planned. Empty while receivers are healthy.
        Index::create()
            .name("webhook_events_failing")
            .table(WebhookEvents::Table)
            .col(WebhookId)
            .col(Attempts)
            .and_where(is_pending())
            .and_where(Expr::col(Attempts).gt(0))
            .to_owned(),
        Index::create()
            .name("webhook_attempts_newest")
            .table(WebhookAttempts::Table)
            .col(WebhookAttempts::WebhookId)
            .col(WebhookAttempts::Id)
            .to_owned(),
    ]
}

fn webhooks() -> TableCreateStatement {
    Table::create()
        .table(Webhooks::Table)
        .col(pk_uuid(Webhooks::Id))
        .col(uuid(Webhooks::OwnerUserId))
        .col(text(Webhooks::Url))
        .col(small_integer(Webhooks::State))
        .col(blob(Webhooks::SealedSecret))
        .col(blob_null(Webhooks::SealedOldSecret))
        .col(big_integer_null(Webhooks::OldSecretUntilMs))
        .col(integer(Webhooks::FailureCount))
        .col(big_integer_null(Webhooks::AnsweredInMs))
        .col(big_integer_null(Webhooks::LastTriggeredAtMs))
        .col(big_integer(Webhooks::CreatedAtMs))
        .to_owned()
}

fn webhook_events() -> TableCreateStatement {
    Table::create()
        .table(WebhookEvents::Table)
        .col(pk_uuid(WebhookEvents::Id))
        .col(uuid(WebhookEvents::WebhookId))
        .col(text(WebhookEvents::Body))
        .col(text_null(WebhookEvents::Traceparent))
        .col(integer(WebhookEvents::Attempts))
        .col(big_integer_null(WebhookEvents::NextAttemptAtMs))
        .to_owned()
}

fn webhook_attempts() -> TableCreateStatement {
    Table::create()
        .table(WebhookAttempts::Table)
        .col(pk_uuid(WebhookAttempts::Id))
        .col(uuid(WebhookAttempts::WebhookId))
        .col(uuid(WebhookAttempts::EventId))
        .col(integer(WebhookAttempts::Attempt))
        .col(integer_null(WebhookAttempts::StatusCode))
        .col(text_null(WebhookAttempts::Error))
        .col(big_integer(WebhookAttempts::DurationMs))
        .col(big_integer(WebhookAttempts::CreatedAtMs))
        .to_owned()
}

fn removed_webhooks() -> TableCreateStatement {
    Table::create()
        .table(RemovedWebhooks::Table)
        .col(pk_uuid(RemovedWebhooks::Id))
        .to_owned()
}
