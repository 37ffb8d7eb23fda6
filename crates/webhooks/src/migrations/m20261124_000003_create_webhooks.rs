//! Webhooks, their events, and the attempts to deliver them.

use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, TableCreateStatement},
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

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [webhooks(), webhook_events(), webhook_attempts()] {
            manager.create_table(table).await?;
        }
        let indexes = [
            Index::create()
                .name("webhooks_owner")
                .table(Webhooks::Table)
                .col(Webhooks::OwnerUserId)
                .to_owned(),
            // Finds whether anything is due, and the due events of one webhook.
            Index::create()
                .name("webhook_events_due")
                .table(WebhookEvents::Table)
                .col(WebhookEvents::NextAttemptAtMs)
                .to_owned(),
            Index::create()
                .name("webhook_events_due_of")
                .table(WebhookEvents::Table)
                .col(WebhookEvents::WebhookId)
                .col(WebhookEvents::NextAttemptAtMs)
                .to_owned(),
            Index::create()
                .name("webhook_attempts_newest")
                .table(WebhookAttempts::Table)
                .col(WebhookAttempts::WebhookId)
                .col(WebhookAttempts::Id)
                .to_owned(),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }
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
