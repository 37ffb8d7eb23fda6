//! The table `outbox_entries`: calls to other services and to the store of blobs, written in the transaction that requires them.

use mayfly_types::{AccountId, BlobId, OutboxEntryId, SandboxId, UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
    sea_query::{Expr, LockBehavior, LockType},
};
use time::OffsetDateTime;

use super::{
    entities::outbox_entry::{ActiveModel, Column, Entity, Kind, Model},
    millis,
};

/// Entries of one statement: databases bound its parameters.
const MAX_INSERTED: usize = 1000;

/// Requests that `auth` deletes the credentials of mailboxes.
pub(crate) async fn delete_credentials(
    c: &impl ConnectionTrait,
    accounts: &[AccountId],
    now: OffsetDateTime,
) -> Result<(), DbErr> {
    for accounts in accounts.chunks(MAX_INSERTED) {
        let rows = accounts
            .iter()
            .map(|account| entry(Kind::DeleteCredential, account.as_uuid(), now));
        Entity::insert_many(rows).exec_without_returning(c).await?;
    }
    Ok(())
}

/// Requests that `auth` deletes a Pro user.
pub(crate) async fn delete_user(
    c: &impl ConnectionTrait,
    user: UserId,
    now: OffsetDateTime,
) -> Result<(), DbErr> {
    Entity::insert(entry(Kind::DeleteUser, user.as_uuid(), now))
        .exec_without_returning(c)
        .await
        .map(drop)
}

/// Requests that `auth` revokes the passwords of a sandbox.
pub(crate) async fn revoke_sandbox(
    c: &impl ConnectionTrait,
    sandbox: SandboxId,
    now: OffsetDateTime,
) -> Result<(), DbErr> {
    Entity::insert(entry(Kind::RevokeSandbox, sandbox.as_uuid(), now))
        .exec_without_returning(c)
        .await
        .map(drop)
}

/// Requests that blobs are deleted. They are due at once.
pub(crate) async fn delete_blobs(c: &impl ConnectionTrait, blobs: &[BlobId]) -> Result<(), DbErr> {
    for blobs in blobs.chunks(MAX_INSERTED) {
        let rows = blobs.iter().map(|blob| ActiveModel {
            // A blob is deleted once.
            id: Set(OutboxEntryId::from_uuid(blob.as_uuid())),
            kind: Set(Kind::DeleteBlob),
            subject_id: Set(blob.as_uuid()),
            attempts: Set(0),
            next_attempt_at_ms: Set(0),
        });
        Entity::insert_many(rows).exec_without_returning(c).await?;
    }
    Ok(())
}

fn entry(kind: Kind, subject_id: Uuid, now: OffsetDateTime) -> ActiveModel {
    ActiveModel {
        id: Set(OutboxEntryId::new(now)),
        kind: Set(kind),
        subject_id: Set(subject_id),
        attempts: Set(0),
        next_attempt_at_ms: Set(millis(now)),
    }
}

/// Claims due entries of some kinds, oldest first: other workers do not see them as due until a time.
pub(crate) async fn claim(
    c: &impl ConnectionTrait,
    kinds: &[Kind],
    now_ms: i64,
    until_ms: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let due = Entity::find()
        .filter(Column::NextAttemptAtMs.lte(now_ms))
        .filter(Column::Kind.is_in(kinds.iter().copied()))
        .order_by_asc(Column::NextAttemptAtMs)
        .limit(limit)
        // Rows that another worker is claiming are its own.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(c)
        .await?;
    if !due.is_empty() {
        Entity::update_many()
            .col_expr(Column::NextAttemptAtMs, Expr::value(until_ms))
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .filter(Column::Id.is_in(due.iter().map(|entry| entry.id)))
            .exec(c)
            .await?;
    }
    Ok(due)
}

/// Removes finished entries.
pub(crate) async fn remove(c: &impl ConnectionTrait, ids: &[OutboxEntryId]) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .exec(c)
        .await
        .map(drop)
}

/// Defers an entry.
pub(crate) async fn defer(c: &impl ConnectionTrait, id: OutboxEntryId, until_ms: i64) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::NextAttemptAtMs, Expr::value(until_ms))
        .filter(Column::Id.eq(id))
        .exec(c)
        .await
        .map(drop)
}

/// Returns whether any entry of some kinds is due.
pub(crate) async fn is_due(c: &impl ConnectionTrait, kinds: &[Kind], now_ms: i64) -> Result<bool, DbErr> {
    let found = Entity::find()
        .filter(Column::NextAttemptAtMs.lte(now_ms))
        .filter(Column::Kind.is_in(kinds.iter().copied()))
        .one(c)
        .await?;
    Ok(found.is_some())
}
