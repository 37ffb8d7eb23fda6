//! The table `mailboxes`.

use mayfly_types::{AccountId, Address, DomainName, MessageId, OwnerAccess, UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, Iterable, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, UpdateMany,
    sea_query::{CaseStatement, Expr, ExprTrait},
};

use super::{
    UsedChange,
    entities::{
        mailbox::{ActiveModel, Column, Entity, Hold, Model, State},
        sandbox,
    },
    within::is_within,
};
use crate::model;

/// Mailboxes of one statement: databases bound its parameters.
pub(super) const BATCH: usize = 1000;

/// What an operator knows of mailboxes.
#[derive(Debug, Clone)]
pub(crate) enum FindBy {
    Id(AccountId),
    Address(String),
    Owner(UserId),
    Domain(DomainName),
}

/// Finds a mailbox in any state.
pub(crate) async fn find(c: &impl ConnectionTrait, id: AccountId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(c).await
}

/// Finds an active mailbox.
pub(crate) async fn find_active(c: &impl ConnectionTrait, id: AccountId) -> Result<Option<Model>, DbErr> {
    let found = find(c, id).await?;
    Ok(found.filter(|mailbox| mailbox.state == State::Active))
}

/// Finds and locks the active ones of some mailboxes, so that their used bytes stay exact until the transaction ends. Locks are
/// taken in the order of ids, so that transactions cannot deadlock.
pub(crate) async fn lock_active(c: &impl ConnectionTrait, ids: &[AccountId]) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .filter(Column::State.eq(State::Active))
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .all(c)
        .await
}

/// Finds the mailbox with an address, in any state.
pub(crate) async fn find_by_address(c: &impl ConnectionTrait, address: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::Address.eq(address)).one(c).await
}

/// Finds and locks the mailbox with an address, in any state.
pub(crate) async fn lock_by_address(c: &impl ConnectionTrait, address: &str) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::Address.eq(address))
        .lock_exclusive()
        .one(c)
        .await
}

/// Which other mailboxes keep an address from being given away.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holders<'a> {
    /// The address that is to be reserved.
    pub(crate) address: &'a Address,
    /// The Pro user who reserves it.
    pub(crate) owner: Option<UserId>,
    pub(crate) now_ms: i64,
    /// Tombstones made before this time hold no address.
    pub(crate) tombstones_since_ms: i64,
}

/// Returns whether another owner holds `user@` of an address `user+tag@`, or a tag of an address `user@`. Every mailbox without
/// a Pro user has an owner of its own.
pub(crate) async fn is_held_by_other(c: &impl ConnectionTrait, holders: Holders<'_>) -> Result<bool, DbErr> {
    let related = match model::untagged(holders.address) {
        Some(untagged) => Column::Address.eq(untagged.as_str()),
        None => Column::UntaggedAddress.eq(holders.address.as_str()),
    };
    let is_others = match holders.owner {
        Some(owner) => Condition::any()
            .add(Column::OwnerUserId.is_null())
            .add(Column::OwnerUserId.ne(owner)),
        None => Condition::all(),
    };
    let is_held = State::iter().fold(Condition::any(), |is_held, state| {
        let in_state = Column::State.eq(state);
        is_held.add(match state.hold() {
            Hold::Always => in_state,
            Hold::WhileLeased => in_state.and(Column::LeaseExpiresAtMs.gt(holders.now_ms)),
            Hold::AsTombstone => in_state.and(Column::DeletedAtMs.gt(holders.tombstones_since_ms)),
        })
    });
    let found: Option<AccountId> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(related)
        .filter(is_others)
        .filter(is_held)
        .limit(1)
        .into_tuple()
        .one(c)
        .await?;
    Ok(found.is_some())
}

/// Lists which of some addresses have an active mailbox.
pub(crate) async fn list_active_addresses(
    c: &impl ConnectionTrait,
    addresses: Vec<String>,
) -> Result<Vec<String>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Address)
        .filter(Column::Address.is_in(addresses))
        .filter(Column::State.eq(State::Active))
        .order_by_asc(Column::Address)
        .into_tuple()
        .all(c)
        .await
}

/// Gives a mailbox another address.
pub(crate) async fn rename(c: &impl ConnectionTrait, id: AccountId, address: String) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Address, Expr::value(address))
        .col_expr(Column::UntaggedAddress, Expr::value(None::<String>))
        .filter(Column::Id.eq(id))
        .exec(c)
        .await
        .map(drop)
}

/// Removes a reservation, whether its lease has lapsed or not. Returns false when there is none.
pub(crate) async fn remove_reserved(c: &impl ConnectionTrait, id: AccountId) -> Result<bool, DbErr> {
    let deleted = Entity::delete_many()
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(State::Reserved))
        .exec(c)
        .await?;
    Ok(deleted.rows_affected > 0)
}

/// Lists a Pro user's active mailboxes, without sandboxes, oldest first: those after a mailbox, at most `limit`; 0 is all.
pub(crate) async fn list_of_owner(
    c: &impl ConnectionTrait,
    owner: &OwnerAccess,
    after: Option<AccountId>,
    limit: u32,
) -> Result<Vec<Model>, DbErr> {
    let mut select = Entity::find()
        .filter(is_within(owner))
        .filter(Column::Id.not_in_subquery(sandbox::accounts_of(owner.user)))
        .filter(Column::State.eq(State::Active))
        .order_by_asc(Column::Id);
    if let Some(after) = after {
        select = select.filter(Column::Id.gt(after));
    }
    if limit > 0 {
        select = select.limit(u64::from(limit));
    }
    select.all(c).await
}

/// Lists those of some addresses that are active mailboxes of a Pro user, without sandboxes.
pub(crate) async fn list_own_at(
    c: &impl ConnectionTrait,
    owner: UserId,
    addresses: Vec<String>,
) -> Result<Vec<(AccountId, String)>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::Id, Column::Address])
        .filter(Column::Address.is_in(addresses))
        .filter(Column::OwnerUserId.eq(owner))
        .filter(Column::State.eq(State::Active))
        .filter(Column::Id.not_in_subquery(sandbox::accounts_of(owner)))
        .into_tuple()
        .all(c)
        .await
}

/// Locks a Pro user's active and reserved mailboxes, in the order of ids. Returns the ids of both.
pub(crate) async fn lock_of_owner(
    c: &impl ConnectionTrait,
    owner: UserId,
) -> Result<(Vec<AccountId>, Vec<AccountId>), DbErr> {
    let rows: Vec<(AccountId, State)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::State])
        .filter(Column::OwnerUserId.eq(owner))
        .filter(Column::State.is_in([State::Active, State::Reserved]))
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(c)
        .await?;
    let (active, reserved): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|(_, state)| *state == State::Active);
    let ids = |rows: Vec<(AccountId, State)>| rows.into_iter().map(|(id, _)| id).collect();
    Ok((ids(active), ids(reserved)))
}

/// Counts a Pro user's active mailboxes, without sandboxes, and the bytes in them.
pub(crate) async fn count_active(c: &impl ConnectionTrait, owner: UserId) -> Result<(i64, i64), DbErr> {
    // PostgreSQL sums to a type of any length.
    let used = Expr::col(Column::UsedBytes).sum().cast_as("bigint");
    let counted = Entity::find()
        .select_only()
        .column_as(Column::Id.count(), "mailboxes")
        .column_as(used, "used_bytes")
        .filter(Column::OwnerUserId.eq(owner))
        .filter(Column::State.eq(State::Active))
        .filter(Column::Id.not_in_subquery(sandbox::accounts_of(owner)))
        .into_tuple::<(i64, Option<i64>)>()
        .one(c)
        .await?;
    let (mailboxes, used_bytes) = counted.unwrap_or_default();
    Ok((mailboxes, used_bytes.unwrap_or_default()))
}

/// Sums the space of all mailboxes without an owner, deleted ones included until they are swept.
pub(crate) async fn sum_anonymous_bytes(c: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let used = Expr::col(Column::UsedBytes).sum().cast_as("bigint");
    let summed: Option<Option<i64>> = Entity::find()
        .select_only()
        .column_as(used, "used_bytes")
        .filter(Column::OwnerUserId.is_null())
        .into_tuple()
        .one(c)
        .await?;
    Ok(summed.flatten().unwrap_or_default())
}

/// Sums the space of the mailboxes of each client that created some, deleted ones included until they are swept; the largest
/// sums first.
pub(crate) async fn sum_client_bytes(
    c: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<(String, i64)>, DbErr> {
    let used = || Expr::col(Column::UsedBytes).sum();
    Entity::find()
        .select_only()
        .column(Column::CreatedFrom)
        .column_as(used().cast_as("bigint"), "used_bytes")
        .filter(Column::CreatedFrom.is_not_null())
        .filter(Column::OwnerUserId.is_null())
        .group_by(Column::CreatedFrom)
        .having(used().gt(0))
        .order_by_desc(used())
        .limit(limit)
        .into_tuple()
        .all(c)
        .await
}

/// Counts the mailboxes that a Pro user's limit counts: active ones, and reservations within their lease.
pub(crate) async fn count_claimed(
    c: &impl ConnectionTrait,
    owner: UserId,
    now_ms: i64,
) -> Result<u64, DbErr> {
    // A suspension makes no room for another mailbox.
    let is_reserved = Condition::all()
        .add(Column::State.eq(State::Reserved))
        .add(Column::LeaseExpiresAtMs.gt(now_ms));
    Entity::find()
        .filter(Column::OwnerUserId.eq(owner))
        .filter(
            Condition::any()
                .add(Column::State.is_in(State::kept()))
                .add(is_reserved),
        )
        .filter(Column::Id.not_in_subquery(sandbox::accounts_of(owner)))
        .count(c)
        .await
}

/// Inserts a mailbox.
pub(crate) async fn insert(c: &impl ConnectionTrait, mailbox: Model) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(mailbox.id),
        address: Set(mailbox.address),
        untagged_address: Set(mailbox.untagged_address),
        owner_user_id: Set(mailbox.owner_user_id),
        state: Set(mailbox.state),
        quota_bytes: Set(mailbox.quota_bytes),
        used_bytes: Set(mailbox.used_bytes),
        message_count: Set(mailbox.message_count),
        created_at_ms: Set(mailbox.created_at_ms),
        last_active_at_ms: Set(mailbox.last_active_at_ms),
        lease_expires_at_ms: Set(mailbox.lease_expires_at_ms),
        deleted_at_ms: Set(mailbox.deleted_at_ms),
        last_message_id: Set(mailbox.last_message_id),
        received_day: Set(mailbox.received_day),
        received_bytes: Set(mailbox.received_bytes),
        created_from: Set(mailbox.created_from),
        created_by_token_id: Set(mailbox.created_by_token_id),
    };
    Entity::insert(row).exec_without_returning(c).await.map(drop)
}

/// Removes mailboxes without a tombstone.
pub(crate) async fn remove(c: &impl ConnectionTrait, ids: &[AccountId]) -> Result<(), DbErr> {
    for ids in ids.chunks(BATCH) {
        Entity::delete_many()
            .filter(Column::Id.is_in(ids.iter().copied()))
            .exec(c)
            .await?;
    }
    Ok(())
}

/// Activates a reservation within its lease. Returns false when there is none.
pub(crate) async fn activate(c: &impl ConnectionTrait, id: AccountId, now_ms: i64) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Active))
        .col_expr(Column::LeaseExpiresAtMs, Expr::value(None::<i64>))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(State::Reserved))
        .filter(Column::LeaseExpiresAtMs.gt(now_ms))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Extends the lease of a reservation until a time. Returns false when there is none.
pub(crate) async fn extend(
    c: &impl ConnectionTrait,
    id: AccountId,
    now_ms: i64,
    until_ms: i64,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::LeaseExpiresAtMs, Expr::value(until_ms))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(State::Reserved))
        .filter(Column::LeaseExpiresAtMs.gt(now_ms))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Turns active mailboxes into tombstones. Returns how many.
pub(crate) async fn soft_delete(
    c: &impl ConnectionTrait,
    ids: &[AccountId],
    now_ms: i64,
) -> Result<u64, DbErr> {
    let mut deleted = 0;
    for ids in ids.chunks(BATCH) {
        let updated = Entity::update_many()
            .col_expr(Column::State, Expr::value(State::Deleted))
            .col_expr(Column::DeletedAtMs, Expr::value(now_ms))
            .filter(Column::Id.is_in(ids.iter().copied()))
            .filter(Column::State.eq(State::Active))
            .exec(c)
            .await?;
        deleted += updated.rows_affected;
    }
    Ok(deleted)
}

/// Moves mailboxes from one of two states to another. Returns how many.
pub(crate) async fn set_state(
    c: &impl ConnectionTrait,
    ids: &[AccountId],
    from: [State; 2],
    to: State,
) -> Result<u64, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::State, Expr::value(to))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .filter(Column::State.is_in(from))
        .exec(c)
        .await?;
    Ok(updated.rows_affected)
}

/// Moves all mailboxes of a Pro user from one state to another. Returns how many.
pub(crate) async fn set_state_of_owner(
    c: &impl ConnectionTrait,
    owner: UserId,
    from: State,
    to: State,
) -> Result<u64, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::State, Expr::value(to))
        .filter(Column::OwnerUserId.eq(owner))
        .filter(Column::State.eq(from))
        .exec(c)
        .await?;
    Ok(updated.rows_affected)
}

/// Finds a mailbox that is active or suspended.
pub(crate) async fn find_kept(c: &impl ConnectionTrait, id: AccountId) -> Result<Option<Model>, DbErr> {
    let found = find(c, id).await?;
    Ok(found.filter(|mailbox| mailbox.state.hold() == Hold::Always))
}

/// Finds mailboxes in any state but reserved, oldest first.
pub(crate) async fn find_by(c: &impl ConnectionTrait, by: FindBy, limit: u64) -> Result<Vec<Model>, DbErr> {
    let select = Entity::find()
        .filter(Column::State.ne(State::Reserved))
        .order_by_asc(Column::Id)
        .limit(limit);
    let select = match by {
        FindBy::Id(id) => select.filter(Column::Id.eq(id)),
        FindBy::Address(address) => select.filter(Column::Address.eq(address)),
        FindBy::Owner(owner) => select.filter(Column::OwnerUserId.eq(owner)),
        FindBy::Domain(domain) => select.filter(Column::Address.ends_with(format!("@{domain}"))),
    };
    select.all(c).await
}

/// Counts the active mailboxes of a domain.
pub(crate) async fn count_of_domain(c: &impl ConnectionTrait, domain: &str) -> Result<u64, DbErr> {
    Entity::find()
        .filter(Column::State.eq(State::Active))
        .filter(Column::Address.ends_with(format!("@{domain}")))
        .count(c)
        .await
}

/// Records that mailboxes are in use.
pub(crate) async fn touch(c: &impl ConnectionTrait, ids: &[AccountId], now_ms: i64) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::LastActiveAtMs, Expr::value(now_ms))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .exec(c)
        .await
        .map(drop)
}

/// Adds to the used bytes and the messages of mailboxes and sets their last message ids, in one statement.
pub(crate) async fn add_deliveries(
    c: &impl ConnectionTrait,
    deliveries: &[(UsedChange, MessageId)],
) -> Result<(), DbErr> {
    let changes: Vec<UsedChange> = deliveries.iter().map(|(change, _)| *change).collect();
    let mut last = CaseStatement::new();
    for (change, message_id) in deliveries {
        last = last.case(Expr::col(Column::Id).eq(change.account), Expr::value(*message_id));
    }
    add_used(&changes)
        .col_expr(Column::LastMessageId, last.into())
        .exec(c)
        .await
        .map(drop)
}

/// Sets how much mailboxes have received on a day, in one statement.
pub(crate) async fn set_received(
    c: &impl ConnectionTrait,
    day: i64,
    received: &[(AccountId, i64)],
) -> Result<(), DbErr> {
    let bytes = received.iter().fold(CaseStatement::new(), |case, (id, bytes)| {
        case.case(Expr::col(Column::Id).eq(*id), Expr::value(*bytes))
    });
    Entity::update_many()
        .col_expr(Column::ReceivedDay, Expr::value(day))
        .col_expr(Column::ReceivedBytes, bytes.finally(Expr::value(0i64)).into())
        .filter(Column::Id.is_in(received.iter().map(|(id, _)| *id)))
        .exec(c)
        .await
        .map(drop)
}

/// Lists the largest message ids of active mailboxes.
pub(crate) async fn list_last_message_ids(
    c: &impl ConnectionTrait,
    ids: Vec<AccountId>,
) -> Result<Vec<(AccountId, Option<MessageId>)>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::Id, Column::LastMessageId])
        .filter(Column::Id.is_in(ids))
        .filter(Column::State.eq(State::Active))
        .into_tuple()
        .all(c)
        .await
}

/// Changes the used bytes and the number of messages of mailboxes, in one statement.
pub(crate) async fn change_used(c: &impl ConnectionTrait, changes: &[UsedChange]) -> Result<(), DbErr> {
    if changes.is_empty() {
        return Ok(());
    }
    add_used(changes).exec(c).await.map(drop)
}

fn add_used(changes: &[UsedChange]) -> UpdateMany<Entity> {
    let sum = |column: Column, of: fn(&UsedChange) -> i64| {
        let change = match changes {
            [change] => Expr::value(of(change)),
            _ => changes
                .iter()
                .fold(CaseStatement::new(), |case, change| {
                    case.case(Expr::col(Column::Id).eq(change.account), Expr::value(of(change)))
                })
                .finally(Expr::value(0i64))
                .into(),
        };
        Expr::col(column).add(change)
    };
    Entity::update_many()
        .col_expr(Column::UsedBytes, sum(Column::UsedBytes, |change| change.bytes))
        .col_expr(
            Column::MessageCount,
            sum(Column::MessageCount, |change| change.messages),
        )
        .filter(Column::Id.is_in(changes.iter().map(|change| change.account)))
}
