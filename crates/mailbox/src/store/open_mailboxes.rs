//! The tables `open_mailboxes` and `open_messages`. Every open mailbox has a row in `mailboxes` too; ids of open mailboxes say
//! what they are.

use mayfly_types::{AccountId, MessageId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};

use super::{
    Mailbox,
    entities::{mailbox, message, open_mailbox, open_message},
    mailboxes,
};

/// Rows of one statement.
const ROWS: usize = 1000;

/// Counts the open mailboxes.
pub(crate) async fn count(c: &impl ConnectionTrait) -> Result<u64, DbErr> {
    open_mailbox::Entity::find().count(c).await
}

/// Inserts an open mailbox without mail.
pub(crate) async fn insert(c: &impl ConnectionTrait, mailbox: Mailbox, now_ms: i64) -> Result<(), DbErr> {
    let row = open_mailbox::ActiveModel {
        account_id: Set(mailbox.id),
        empty_since_ms: Set(Some(now_ms)),
    };
    mailboxes::insert(c, mailbox).await?;
    open_mailbox::Entity::insert(row)
        .exec_without_returning(c)
        .await
        .map(drop)
}

/// Notes stored messages of open mailboxes.
pub(crate) async fn add_messages(
    c: &impl ConnectionTrait,
    stored: &[(AccountId, MessageId)],
) -> Result<(), DbErr> {
    for some in stored.chunks(ROWS) {
        let rows = some.iter().map(|(account, message)| open_message::ActiveModel {
            message_id: Set(*message),
            account_id: Set(*account),
        });
        open_message::Entity::insert_many(rows)
            .exec_without_returning(c)
            .await?;
        open_mailbox::Entity::update_many()
            .col_expr(open_mailbox::Column::EmptySinceMs, Expr::value(None::<i64>))
            .filter(open_mailbox::Column::AccountId.is_in(some.iter().map(|(account, _)| *account)))
            .filter(open_mailbox::Column::EmptySinceMs.is_not_null())
            .exec(c)
            .await?;
    }
    Ok(())
}

/// Returns the open mailbox that has a message.
pub(crate) async fn find_account(
    c: &impl ConnectionTrait,
    message: MessageId,
) -> Result<Option<AccountId>, DbErr> {
    let found = open_message::Entity::find_by_id(message).one(c).await?;
    Ok(found.map(|row| row.account_id))
}

/// Locks mailboxes in any state, in the order of their ids.
pub(crate) async fn lock(c: &impl ConnectionTrait, ids: &[AccountId]) -> Result<(), DbErr> {
    mailbox::Entity::find()
        .filter(mailbox::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(mailbox::Column::Id)
        .lock_exclusive()
        .all(c)
        .await
        .map(drop)
}

/// Forgets which open mailbox had some messages.
pub(crate) async fn forget_messages(c: &impl ConnectionTrait, ids: &[MessageId]) -> Result<(), DbErr> {
    open_message::Entity::delete_many()
        .filter(open_message::Column::MessageId.is_in(ids.iter().copied()))
        .exec(c)
        .await
        .map(drop)
}

/// Removes an open mailbox that has no message. The mailbox is locked.
pub(crate) async fn remove_if_empty(c: &impl ConnectionTrait, account: AccountId) -> Result<(), DbErr> {
    let has_message = message::Entity::find()
        .select_only()
        .column(message::Column::Id)
        .filter(message::Column::AccountId.eq(account))
        .limit(1)
        .into_tuple::<MessageId>()
        .one(c)
        .await?;
    if has_message.is_some() {
        return Ok(());
    }
    remove(c, &[account]).await
}

/// Removes open mailboxes.
pub(crate) async fn remove(c: &impl ConnectionTrait, ids: &[AccountId]) -> Result<(), DbErr> {
    open_mailbox::Entity::delete_many()
        .filter(open_mailbox::Column::AccountId.is_in(ids.iter().copied()))
        .exec(c)
        .await?;
    mailboxes::remove(c, ids).await
}

/// Lists messages with ids before an id, oldest first, each with its mailbox.
pub(crate) async fn list_messages_before(
    c: &impl ConnectionTrait,
    oldest: MessageId,
    limit: u64,
) -> Result<Vec<(AccountId, MessageId)>, DbErr> {
    open_message::Entity::find()
        .select_only()
        .columns([open_message::Column::AccountId, open_message::Column::MessageId])
        .filter(open_message::Column::MessageId.lt(oldest))
        .order_by_asc(open_message::Column::MessageId)
        .limit(limit)
        .into_tuple()
        .all(c)
        .await
}

/// Lists open mailboxes that have had no mail since a time.
pub(crate) async fn list_empty(
    c: &impl ConnectionTrait,
    before_ms: i64,
    limit: u64,
) -> Result<Vec<AccountId>, DbErr> {
    open_mailbox::Entity::find()
        .select_only()
        .column(open_mailbox::Column::AccountId)
        .filter(open_mailbox::Column::EmptySinceMs.lt(before_ms))
        .limit(limit)
        .into_tuple()
        .all(c)
        .await
}
