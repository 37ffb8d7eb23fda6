//! The tables of domains, mailboxes, messages and their bytes, owners, usage, the outbox, leases and idempotency keys.

use mayfly_database::{idempotency, lease};
use sea_orm::{DbBackend, DbErr, DeriveIden};
use sea_orm_migration::{
    prelude::{
        DeriveMigrationName, Index, IndexCreateStatement, MigrationTrait, SchemaManager, Table,
        TableCreateStatement,
    },
    schema::{
        big_integer, big_integer_null, blob, boolean, integer, pk_uuid, small_integer, string, string_null,
        text, text_null, uuid, uuid_null,
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
    LastMessageId,
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
    ExtractedVersion,
    Extracted,
    Bytes,
}

#[derive(DeriveIden)]
enum Owners {
    Table,
    UserId,
    LastMessageId,
}

#[derive(DeriveIden)]
enum CustomDomains {
    Table,
    Id,
    UserId,
    Name,
    VerifiedName,
    VerifyToken,
    MxConfigured,
    CatchAll,
    CreatedAtMs,
    VerifiedAtMs,
    CheckedAtMs,
    MissingSinceMs,
    LostAtMs,
}

#[derive(DeriveIden)]
enum UsageDays {
    Table,
    OwnerUserId,
    Day,
    Messages,
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
        let mut messages = messages();
        if manager.get_database_backend() == DbBackend::Sqlite {
            // The table is its own covering index for a mailbox's list; PostgreSQL has no such tables.
            messages.extra("WITHOUT ROWID");
        }
        let tables = [
            domains(),
            mailboxes(),
            messages,
            raw_messages(),
            owners(),
            custom_domains(),
            usage_days(),
            outbox_entries(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        for index in mailbox_indexes().into_iter().chain(other_indexes()) {
            manager.create_index(index).await?;
        }
        lease::create_table(manager).await?;
        idempotency::create_table(manager).await
    }
}

fn mailbox_indexes() -> [IndexCreateStatement; 4] {
    [
        // A Pro user's mailboxes, oldest first.
        Index::create()
            .name("mailboxes_owner")
            .table(Mailboxes::Table)
            .col(Mailboxes::OwnerUserId)
            .col(Mailboxes::Id)
            .to_owned(),
        // For the sweeper, state by state.
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
    ]
}

fn other_indexes() -> [IndexCreateStatement; 6] {
    [
        // The messages that share bytes; and, since ids sort by time, the oldest messages.
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
        Index::create()
            .name("custom_domains_user")
            .table(CustomDomains::Table)
            .col(CustomDomains::UserId)
            .col(CustomDomains::Name)
            .unique()
            .to_owned(),
        // The domains that name a mailbox which is deleted.
        Index::create()
            .name("custom_domains_catch_all")
            .table(CustomDomains::Table)
            .col(CustomDomains::CatchAll)
            .to_owned(),
        Index::create()
            .name("custom_domains_checked")
            .table(CustomDomains::Table)
            .col(CustomDomains::CheckedAtMs)
            .to_owned(),
        // For the sweeper.
        Index::create()
            .name("usage_days_day")
            .table(UsageDays::Table)
            .col(UsageDays::Day)
            .to_owned(),
    ]
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
        .col(uuid_null(Mailboxes::LastMessageId))
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
        .col(small_integer(RawMessages::ExtractedVersion))
        .col(text_null(RawMessages::Extracted))
        // Last: SQLite walks the pages of a large value to read the columns after it.
        .col(blob(RawMessages::Bytes))
        .to_owned()
}

fn owners() -> TableCreateStatement {
    Table::create()
        .table(Owners::Table)
        .col(pk_uuid(Owners::UserId))
        .col(uuid_null(Owners::LastMessageId))
        .to_owned()
}

fn custom_domains() -> TableCreateStatement {
    Table::create()
        .table(CustomDomains::Table)
        .col(pk_uuid(CustomDomains::Id))
        .col(uuid(CustomDomains::UserId))
        .col(string(CustomDomains::Name))
        // The name once it is verified: of all users who claim it, one can have it.
        .col(string_null(CustomDomains::VerifiedName).unique_key())
        .col(string(CustomDomains::VerifyToken))
        .col(boolean(CustomDomains::MxConfigured))
        .col(uuid_null(CustomDomains::CatchAll))
        .col(big_integer(CustomDomains::CreatedAtMs))
        .col(big_integer_null(CustomDomains::VerifiedAtMs))
        .col(big_integer_null(CustomDomains::CheckedAtMs))
        .col(big_integer_null(CustomDomains::MissingSinceMs))
        .col(big_integer_null(CustomDomains::LostAtMs))
        .to_owned()
}

fn usage_days() -> TableCreateStatement {
    Table::create()
        .table(UsageDays::Table)
        .col(uuid(UsageDays::OwnerUserId))
        .col(big_integer(UsageDays::Day))
        .col(big_integer(UsageDays::Messages))
        .col(big_integer(UsageDays::Bytes))
        .primary_key(Index::create().col(UsageDays::OwnerUserId).col(UsageDays::Day))
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
