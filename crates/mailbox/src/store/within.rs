//! Whether a mailbox is within the limits of a token: one condition for every statement.

use mayfly_types::{AccountId, MessageId, OwnerAccess, TokenLimits};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Value,
    sea_query::{Expr, LikeExpr, SqliteQueryBuilder},
};

use super::entities::{
    mailbox::{Column, Entity},
    sandbox,
};

/// The character before one that LIKE would read otherwise. No address has it.
const ESCAPE: char = '!';

/// Returns the condition on the table `mailboxes` that a mailbox is a Pro user's and within the limits.
pub(super) fn is_within(owner: &OwnerAccess) -> Condition {
    let is_own = Condition::all().add(Column::OwnerUserId.eq(owner.user));
    match &owner.limits {
        None => is_own,
        Some(limits) => is_own.add(is_named(owner, limits)),
    }
}

/// Sandboxes are named by their ids alone, whatever the addresses of their mailboxes are.
fn is_named(owner: &OwnerAccess, limits: &TokenLimits) -> Condition {
    let is_created = limits.origin.filter(|_| limits.accounts.is_empty());
    let is_mailbox = Condition::any()
        .add_option(limits.names_mailboxes().then(|| fits(limits)))
        .add_option(is_created.map(|origin| Column::CreatedByTokenId.eq(origin)))
        .add(never());
    let named = sandbox::Entity::find()
        .filter(sandbox::Column::OwnerUserId.eq(owner.user))
        .filter(sandbox::Column::Id.is_in(limits.sandboxes.iter().copied()))
        .select_only()
        .column(sandbox::Column::AccountId)
        .into_query();
    let is_ordinary = Column::Id.not_in_subquery(sandbox::accounts_of(owner.user));
    Condition::any()
        .add(Condition::all().add(is_ordinary).add(is_mailbox))
        .add(Column::Id.in_subquery(named))
}

/// Every limit that is named must fit.
fn fits(limits: &TokenLimits) -> Condition {
    let accounts = limits.accounts.iter().copied();
    let on_domain = limits.domains.iter().fold(Condition::any(), |any, domain| {
        any.add(begins_or_ends(format!("%@{}", escaped(domain.as_str()))))
    });
    let prefix = limits.address_prefix.as_ref();
    Condition::all()
        .add_option((!limits.accounts.is_empty()).then(|| Column::Id.is_in(accounts)))
        .add_option((!limits.domains.is_empty()).then_some(on_domain))
        .add_option(prefix.map(|prefix| begins_or_ends(format!("{}%", escaped(prefix)))))
}

fn escaped(text: &str) -> String {
    text.replace('_', "!_").replace('%', "!%")
}

fn begins_or_ends(pattern: String) -> Expr {
    Expr::col((Entity, Column::Address)).like(LikeExpr::new(pattern).escape(ESCAPE))
}

/// A condition that no row fulfils: an empty list of alternatives would be fulfilled by all.
fn never() -> Expr {
    Expr::cust("1 = 0")
}

/// A statement that lists the mailboxes within the limits, for one that is written as text: with a question mark for each value.
pub(super) fn statement(owner: &OwnerAccess) -> (String, Vec<Value>) {
    let select = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(is_within(owner))
        .into_query();
    // Databases differ in placeholders alone here.
    let (text, values) = select.build(SqliteQueryBuilder);
    (text, values.0)
}

/// Returns whether a mailbox, in any state, is a Pro user's and within the limits.
pub(crate) async fn contains(
    c: &impl ConnectionTrait,
    owner: &OwnerAccess,
    account: AccountId,
) -> Result<bool, DbErr> {
    let found = Entity::find_by_id(account)
        .filter(is_within(owner))
        .count(c)
        .await?;
    Ok(found > 0)
}

/// Returns the largest id of a message in the mailboxes within the limits.
pub(crate) async fn newest_message_id(
    c: &impl ConnectionTrait,
    owner: &OwnerAccess,
) -> Result<Option<MessageId>, DbErr> {
    let newest: Option<Option<MessageId>> = Entity::find()
        .select_only()
        .column(Column::LastMessageId)
        .filter(is_within(owner))
        .filter(Column::LastMessageId.is_not_null())
        .order_by_desc(Column::LastMessageId)
        .limit(1)
        .into_tuple()
        .one(c)
        .await?;
    Ok(newest.flatten())
}
