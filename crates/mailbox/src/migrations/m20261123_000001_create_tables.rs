//! Domains, mailboxes, messages, their raw bytes, and the outbox.

use sea_orm::{DbBackend, DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, TableCreateStatement},
    schema::{
        big_integer, big_integer_null, boolean, integer, pk_uuid, small_integer, string, text, text_null,
        uuid, uuid_null,
    },
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Domains {
    Table,
    Id,
    Name,
    SortOrder,
    IsListed,
}

#[derive(DeriveIden)]
enum Mailboxes {
    Table,
    Id,
    Address,
    OwnerUserId,
    State,
    QuotaBytes,
    UsedBytes,
    CreatedAtMs,
    LastActiveAtMs,
    LeaseExpiresAtMs,
    DeletedAtMs,
}

#[derive(DeriveIden)]
enum Messages {
    Table,
    AccountId,
    Id,
    RawId,
    Sender,
    FromHeader,
    Subject,
    PreviewText,
    SizeBytes,
    IsRead,
    CreatedAtMs,
    ParseStatus,
}

#[derive(DeriveIden)]
enum RawMessages {
    Table,
    Id,
    Bytes,
}

#[derive(DeriveIden)]
enum OutboxEntries {
    Table,
    Id,
    Kind,
    AccountId,
    Attempts,
    NextAttemptAtMs,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(domains()).await?;
        manager.create_table(mailboxes()).await?;
        let mut messages = messages();
        if manager.get_database_backend() == DbBackend::Sqlite {
            // The table is its own covering index for a mailbox's list; PostgreSQL has no such tables.
            messages.extra("WITHOUT ROWID");
        }
        manager.create_table(messages).await?;
        manager.create_table(raw_messages()).await?;
        manager.create_table(outbox_entries()).await?;
        let indexes = [
            // A Pro user's mailboxes, oldest first.
            Index::create()
                .name("mailboxes_owner")
                .table(Mailboxes::Table)
                .col(Mailboxes::OwnerUserId)
                .col(Mailboxes::Id)
                .to_owned(),
            // What the sweeper looks for, state by state.
            Index::create()
                .name("mailboxes_lease")
                .table(Mailboxes::Table)
                .col(Mailboxes::State)
                .col(Mailboxes::LeaseExpiresAtMs)
                .to_owned(),
            Index::create()
                .name("mailboxes_active")
                .table(Mailboxes::Table)
                .col(Mailboxes::State)
                .col(Mailboxes::LastActiveAtMs)
                .to_owned(),
            Index::create()
                .name("mailboxes_deleted")
                .table(Mailboxes::Table)
                .col(Mailboxes::State)
                .col(Mailboxes::DeletedAtMs)
                .to_owned(),
            // Who else names these raw bytes; and, since ids sort by time, which messages are oldest.
            Index::create()
                .name("messages_raw")
                .table(Messages::Table)
                .col(Messages::RawId)
                .to_owned(),
            Index::create()
                .name("outbox_due")
                .table(OutboxEntries::Table)
                .col(OutboxEntries::NextAttemptAtMs)
                .to_owned(),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn domains() -> TableCreateStatement {
    Table::create()
        .table(Domains::Table)
        .col(pk_uuid(Domains::Id))
        .col(string(Domains::Name).unique_key())
        .col(integer(Domains::SortOrder))
        .col(boolean(Domains::IsListed))
        .to_owned()
}

fn mailboxes() -> TableCreateStatement {
    Table::create()
        .table(Mailboxes::Table)
        .col(pk_uuid(Mailboxes::Id))
        .col(string(Mailboxes::Address).unique_key())
        .col(uuid_null(Mailboxes::OwnerUserId))
        .col(small_integer(Mailboxes::State))
        .col(big_integer(Mailboxes::QuotaBytes))
        .col(big_integer(Mailboxes::UsedBytes))
        .col(big_integer(Mailboxes::CreatedAtMs))
        .col(big_integer(Mailboxes::LastActiveAtMs))
        .col(big_integer_null(Mailboxes::LeaseExpiresAtMs))
        .col(big_integer_null(Mailboxes::DeletedAtMs))
        .to_owned()
}

fn messages() -> TableCreateStatement {
    Table::create()
        .table(Messages::Table)
        .col(uuid(Messages::AccountId))
        .col(uuid(Messages::Id))
        .col(uuid(Messages::RawId))
        .col(text(Messages::Sender))
        .col(text_null(Messages::FromHeader))
        .col(text_null(Messages::Subject))
        .col(text(Messages::PreviewText))
        .col(big_integer(Messages::SizeBytes))
        .col(boolean(Messages::IsRead))
        .col(big_integer(Messages::CreatedAtMs))
        .col(small_integer(Messages::ParseStatus))
        .primary_key(Index::create().col(Messages::AccountId).col(Messages::Id))
        .to_owned()
}

fn raw_messages() -> TableCreateStatement {
    Table::create()
        .table(RawMessages::Table)
        .col(pk_uuid(RawMessages::Id))
        .col(sea_orm_migration::schema::blob(RawMessages::Bytes))
        .to_owned()
}

fn outbox_entries() -> TableCreateStatement {
    Table::create()
        .table(OutboxEntries::Table)
        .col(pk_uuid(OutboxEntries::Id))
        .col(small_integer(OutboxEntries::Kind))
        .col(uuid(OutboxEntries::AccountId))
        .col(integer(OutboxEntries::Attempts))
        .col(big_integer(OutboxEntries::NextAttemptAtMs))
        .to_owned()
}
