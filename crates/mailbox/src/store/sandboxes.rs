//! The table `sandboxes`. A sandbox lives as long as its mailbox.

use mayfly_types::{AccountId, MessageId, SandboxId, UserId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, JoinType, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, RelationTrait, Select,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};
use time::OffsetDateTime;

use super::{
    entities::{
        mailbox, message,
        sandbox::{Column, Entity, Model, Relation},
    },
    mailboxes::{self, BATCH},
    outbox,
    removals::{self, LockedMessage},
};
use crate::model;

/// A sandbox with its mailbox.
pub(crate) type SandboxWithMailbox = (Model, mailbox::Model);

fn owned_by(owner: UserId) -> Select<Entity> {
    Entity::find().filter(Column::OwnerUserId.eq(owner))
}

/// Finds a Pro user's sandbox with an active mailbox.
async fn find_where(
    c: &impl ConnectionTrait,
    owner: UserId,
    which: SimpleExpr,
) -> Result<Option<SandboxWithMailbox>, DbErr> {
    let found = owned_by(owner)
        .find_also_related(mailbox::Entity)
        .filter(which)
        .filter(mailbox::Column::State.eq(mailbox::State::Active))
        .one(c)
        .await?;
    Ok(found.and_then(|(sandbox, mailbox)| Some((sandbox, mailbox?))))
}

/// Finds a Pro user's sandbox by its id.
pub(crate) async fn find(
    c: &impl ConnectionTrait,
    owner: UserId,
    id: SandboxId,
) -> Result<Option<SandboxWithMailbox>, DbErr> {
    find_where(c, owner, Column::Id.eq(id)).await
}

/// Finds a Pro user's sandbox by the user name of its password.
pub(crate) async fn find_by_login(
    c: &impl ConnectionTrait,
    owner: UserId,
    login: &str,
) -> Result<Option<SandboxWithMailbox>, DbErr> {
    find_where(c, owner, Column::Login.eq(login)).await
}

/// Lists a Pro user's sandboxes, oldest first.
pub(crate) async fn list_of_owner(
    c: &impl ConnectionTrait,
    owner: UserId,
) -> Result<Vec<SandboxWithMailbox>, DbErr> {
    let found = owned_by(owner)
        .find_also_related(mailbox::Entity)
        .filter(mailbox::Column::State.eq(mailbox::State::Active))
        .order_by_asc(Column::CreatedAtMs)
        .order_by_asc(Column::Id)
        .all(c)
        .await?;
    let with_mailbox = |(sandbox, mailbox): (Model, Option<mailbox::Model>)| Some((sandbox, mailbox?));
    Ok(found.into_iter().filter_map(with_mailbox).collect())
}

/// Counts a Pro user's sandboxes, without the default one.
pub(crate) async fn count(c: &impl ConnectionTrait, owner: UserId, default: SandboxId) -> Result<u64, DbErr> {
    owned_by(owner).filter(Column::Id.ne(default)).count(c).await
}

/// Lists the sandboxes of some mailboxes.
pub(crate) async fn list_of_accounts(
    c: &impl ConnectionTrait,
    accounts: Vec<AccountId>,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::AccountId.is_in(accounts))
        .all(c)
        .await
}

/// Inserts a sandbox.
pub(crate) async fn insert(c: &impl ConnectionTrait, sandbox: Model) -> Result<(), DbErr> {
    Entity::insert(sandbox.into_active_model())
        .exec_without_returning(c)
        .await
        .map(drop)
}

/// Replaces the settings of a sandbox.
pub(crate) async fn update(c: &impl ConnectionTrait, sandbox: &Model) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Name, Expr::value(sandbox.name.clone()))
        .col_expr(Column::MaxMessages, Expr::value(sandbox.max_messages))
        .col_expr(Column::RetentionMs, Expr::value(sandbox.retention_ms))
        .col_expr(Column::DeliverToOwn, Expr::value(sandbox.deliver_to_own))
        .filter(Column::Id.eq(sandbox.id))
        .exec(c)
        .await
        .map(drop)
}

/// Removes the sandboxes of mailboxes that end. Their addresses are free again, and the outbox revokes their passwords.
pub(crate) async fn remove_of(
    c: &impl ConnectionTrait,
    accounts: &[AccountId],
    now: OffsetDateTime,
) -> Result<(), DbErr> {
    for accounts in accounts.chunks(BATCH) {
        for sandbox in list_of_accounts(c, accounts.to_vec()).await? {
            let account = sandbox.account_id;
            if let Some(mailbox) = mailboxes::find(c, account).await? {
                mailboxes::rename(c, account, model::detached(&mailbox.address, account)).await?;
            }
            Entity::delete_by_id(sandbox.id).exec(c).await?;
            outbox::revoke_sandbox(c, sandbox.id, now).await?;
        }
    }
    Ok(())
}

/// Locks messages that are past the retention of their sandbox, if that is shorter than another one. Returns the messages of one
/// mailbox.
pub(crate) async fn lock_expired(
    c: &impl ConnectionTrait,
    retention_below_ms: i64,
    now_ms: i64,
    limit: u64,
) -> Result<Option<(AccountId, Vec<LockedMessage>)>, DbErr> {
    let ends_at = Expr::col((message::Entity, message::Column::CreatedAtMs))
        .add(Expr::col((Entity, Column::RetentionMs)));
    let expired: Vec<(AccountId, MessageId)> = message::Entity::find()
        .select_only()
        .columns([message::Column::AccountId, message::Column::Id])
        .join(JoinType::InnerJoin, message::Relation::Mailbox.def())
        .join_rev(JoinType::InnerJoin, Relation::Mailbox.def())
        .filter(Column::RetentionMs.lt(retention_below_ms))
        .filter(ends_at.lte(now_ms))
        .order_by_asc(message::Column::AccountId)
        .limit(limit)
        .into_tuple()
        .all(c)
        .await?;
    let Some((account, _)) = expired.first().copied() else {
        return Ok(None);
    };
    let ids = expired
        .into_iter()
        .filter(|(other, _)| *other == account)
        .map(|(_, id)| id);
    Ok(Some((account, removals::lock(c, account, ids.collect()).await?)))
}
