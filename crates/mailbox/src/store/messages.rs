//! The tables `messages` and `raw_messages`. Every look-up of a message starts at a mailbox or an owner.

use mayfly_types::{AccountId, MessageId, OwnerAccess};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, FromQueryResult, JoinType,
    PaginatorTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, RelationTrait, Select,
    sea_query::{Expr, Order, Query, SimpleExpr},
};

use super::{
    entities::{
        mailbox,
        message::{Column, Entity, Model, Relation},
    },
    within::is_within,
};

fn of(account: AccountId, id: MessageId) -> Condition {
    Condition::all()
        .add(Column::AccountId.eq(account))
        .add(Column::Id.eq(id))
}

/// The columns of a message in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedMessage {
    pub(crate) id: MessageId,
    pub(crate) sender: String,
    pub(crate) from_header: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) preview_text: String,
    pub(crate) size_bytes: i64,
    pub(crate) is_read: bool,
    pub(crate) created_at_ms: i64,
    pub(crate) has_attachments: Option<bool>,
}

impl From<Model> for ListedMessage {
    fn from(message: Model) -> Self {
        Self {
            id: message.id,
            sender: message.sender,
            from_header: message.from_header,
            subject: message.subject,
            preview_text: message.preview_text,
            size_bytes: message.size_bytes,
            is_read: message.is_read,
            created_at_ms: message.created_at_ms,
            has_attachments: message.has_attachments,
        }
    }
}

/// A page of messages, and when the use of their mailbox was last recorded.
pub(crate) struct Listed {
    pub(crate) messages: Vec<ListedMessage>,
    pub(crate) last_active_at_ms: Option<i64>,
}

/// Lists the messages of an active mailbox not older than an id, newest first; with an owner, only if the mailbox belongs to
/// that user and is within the limits. One statement checks the mailbox and reads its messages. An empty page can mean that there is no such mailbox.
pub(crate) async fn list(
    c: &impl ConnectionTrait,
    account: AccountId,
    owner: Option<&OwnerAccess>,
    oldest: MessageId,
    limit: u64,
    offset: u64,
) -> Result<Listed, DbErr> {
    let rows = page(account, owner, oldest, limit, offset)
        .select_only()
        .columns(ListedRow::COLUMNS)
        .column(mailbox::Column::LastActiveAtMs)
        .into_model::<ListedRow>()
        .all(c)
        .await?;
    Ok(Listed {
        last_active_at_ms: rows.last().map(|row| row.last_active_at_ms),
        messages: rows.into_iter().map(|row| row.message).collect(),
    })
}

/// A row of a list. It is read by position and has only the listed columns: this is the most frequent query.
struct ListedRow {
    message: ListedMessage,
    last_active_at_ms: i64,
}

impl ListedRow {
    const COLUMNS: [Column; 9] = [
        Column::Id,
        Column::Sender,
        Column::FromHeader,
        Column::Subject,
        Column::PreviewText,
        Column::SizeBytes,
        Column::IsRead,
        Column::CreatedAtMs,
        Column::HasAttachments,
    ];
}

impl FromQueryResult for ListedRow {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self {
            message: ListedMessage {
                id: row.try_get_by_index(0)?,
                sender: row.try_get_by_index(1)?,
                from_header: row.try_get_by_index(2)?,
                subject: row.try_get_by_index(3)?,
                preview_text: row.try_get_by_index(4)?,
                size_bytes: row.try_get_by_index(5)?,
                is_read: row.try_get_by_index(6)?,
                created_at_ms: row.try_get_by_index(7)?,
                has_attachments: row.try_get_by_index(8)?,
            },
            last_active_at_ms: row.try_get_by_index(9)?,
        })
    }
}

fn page(
    account: AccountId,
    owner: Option<&OwnerAccess>,
    oldest: MessageId,
    limit: u64,
    offset: u64,
) -> Select<Entity> {
    let select = Entity::find()
        .join(JoinType::InnerJoin, Relation::Mailbox.def())
        .filter(Column::AccountId.eq(account))
        .filter(mailbox::Column::State.eq(mailbox::State::Active))
        .filter(Column::Id.gte(oldest))
        .order_by_desc(Column::Id)
        .limit(limit)
        .offset(offset);
    match owner {
        Some(owner) => select.filter(is_within(owner)),
        None => select,
    }
}

/// A message of a detailed list, with its mailbox.
#[derive(Debug, FromQueryResult)]
pub(crate) struct DetailedRow {
    #[sea_orm(nested)]
    pub(crate) message: Model,
    pub(crate) address: String,
    pub(crate) message_count: i64,
    pub(crate) last_active_at_ms: i64,
    /// The oldest message of the mailbox that is not removed yet.
    pub(crate) first_id: MessageId,
}

/// Lists as [`list`] does, with the whole rows and the totals of the mailbox.
pub(crate) async fn list_detailed(
    c: &impl ConnectionTrait,
    account: AccountId,
    owner: Option<&OwnerAccess>,
    oldest: MessageId,
    limit: u64,
    offset: u64,
) -> Result<Vec<DetailedRow>, DbErr> {
    let first = Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Expr::col(Column::AccountId).eq(account))
        .order_by(Column::Id, Order::Asc)
        .limit(1)
        .to_owned();
    page(account, owner, oldest, limit, offset)
        .column(mailbox::Column::Address)
        .column(mailbox::Column::MessageCount)
        .column(mailbox::Column::LastActiveAtMs)
        .expr_as(SimpleExpr::SubQuery(None, Box::new(first.into())), "first_id")
        .into_model()
        .all(c)
        .await
}

/// Counts the messages of a mailbox that are past their retention and not removed yet.
pub(crate) async fn count_before(
    c: &impl ConnectionTrait,
    account: AccountId,
    oldest: MessageId,
) -> Result<u64, DbErr> {
    Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::Id.lt(oldest))
        .count(c)
        .await
}

/// The mailboxes that a caller follows.
#[derive(Debug, Clone)]
pub(crate) enum Followed {
    Mailbox(AccountId),
    /// All mailboxes of a Pro user within the limits.
    Owner(OwnerAccess),
}

/// Lists the messages with larger ids, oldest first, each with its mailbox.
pub(crate) async fn list_after(
    c: &impl ConnectionTrait,
    followed: &Followed,
    after: MessageId,
    limit: u64,
) -> Result<Vec<(Model, Option<mailbox::Model>)>, DbErr> {
    let whose = match followed {
        Followed::Mailbox(account) => Condition::all().add(Column::AccountId.eq(*account)),
        Followed::Owner(owner) => is_within(owner),
    };
    Entity::find()
        .find_also_related(mailbox::Entity)
        .filter(whose)
        .filter(mailbox::Column::State.eq(mailbox::State::Active))
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(c)
        .await
}

/// Finds a message of a mailbox.
pub(crate) async fn find(
    c: &impl ConnectionTrait,
    account: AccountId,
    id: MessageId,
) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(of(account, id)).one(c).await
}

/// Finds a message in any of a Pro user's active mailboxes, with its mailbox.
pub(crate) async fn find_owned(
    c: &impl ConnectionTrait,
    owner: &OwnerAccess,
    id: MessageId,
) -> Result<Option<(Model, mailbox::Model)>, DbErr> {
    let found = Entity::find()
        .find_also_related(mailbox::Entity)
        .filter(is_within(owner))
        .filter(mailbox::Column::State.eq(mailbox::State::Active))
        .filter(Column::Id.eq(id))
        .one(c)
        .await?;
    Ok(found.and_then(|(message, mailbox)| Some((message, mailbox?))))
}

/// Finds the oldest message of a mailbox in any state, or the next one after an id.
pub(crate) async fn find_after(
    c: &impl ConnectionTrait,
    account: AccountId,
    after: Option<MessageId>,
) -> Result<Option<Model>, DbErr> {
    let mut select = Entity::find()
        .filter(Column::AccountId.eq(account))
        .order_by_asc(Column::Id);
    if let Some(after) = after {
        select = select.filter(Column::Id.gt(after));
    }
    select.one(c).await
}

/// Marks an unread message as read by a call. Returns false when there is none.
pub(crate) async fn mark_read(
    c: &impl ConnectionTrait,
    account: AccountId,
    id: MessageId,
    claim: Option<&str>,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::IsRead, Expr::value(true))
        .col_expr(Column::ReadClaim, Expr::value(claim.map(str::to_owned)))
        .filter(of(account, id))
        .filter(Column::IsRead.eq(false))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Marks a read message as unread. Returns false when there is none.
pub(crate) async fn mark_unread(
    c: &impl ConnectionTrait,
    account: AccountId,
    id: MessageId,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::IsRead, Expr::value(false))
        .col_expr(Column::ReadClaim, Expr::value(None::<String>))
        .filter(of(account, id))
        .filter(Column::IsRead.eq(true))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Marks those of some messages of a mailbox that are not marked so. Returns how many.
pub(crate) async fn mark_each(
    c: &impl ConnectionTrait,
    account: AccountId,
    ids: Vec<MessageId>,
    is_read: bool,
) -> Result<u64, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::IsRead, Expr::value(is_read))
        .col_expr(Column::ReadClaim, Expr::value(None::<String>))
        .filter(Column::AccountId.eq(account))
        .filter(Column::Id.is_in(ids))
        .filter(Column::IsRead.ne(is_read))
        .exec(c)
        .await?;
    Ok(updated.rows_affected)
}

/// The unread messages of a mailbox, or those of them with some ids.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) account: AccountId,
    pub(crate) ids: Option<Vec<MessageId>>,
    /// The smallest id.
    pub(crate) oldest: MessageId,
}

impl Unread {
    fn condition(&self) -> Condition {
        Condition::all()
            .add(Column::AccountId.eq(self.account))
            .add(Column::Id.gte(self.oldest))
            .add_option(self.ids.as_ref().map(|ids| Column::Id.is_in(ids.iter().copied())))
            .add(Column::IsRead.eq(false))
    }
}

/// Lists the newest unread messages, oldest first.
pub(crate) async fn list_unread(
    c: &impl ConnectionTrait,
    unread: &Unread,
    limit: u64,
) -> Result<Vec<MessageId>, DbErr> {
    let mut ids: Vec<MessageId> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(unread.condition())
        .order_by_desc(Column::Id)
        .limit(limit)
        .into_tuple()
        .all(c)
        .await?;
    ids.reverse();
    Ok(ids)
}

/// Marks unread messages as read. Returns how many.
pub(crate) async fn mark_all_read(c: &impl ConnectionTrait, unread: &Unread) -> Result<u64, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::IsRead, Expr::value(true))
        .col_expr(Column::ReadClaim, Expr::value(None::<String>))
        .filter(unread.condition())
        .exec(c)
        .await?;
    Ok(updated.rows_affected)
}
