//! The tables `messages` and `raw_messages`. Every look-up begins at a mailbox.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, JoinType, QueryFilter,
    QueryOrder, QuerySelect, RelationTrait,
    sea_query::{Expr, Query},
};
use uuid::Uuid;

use super::entities::{
    mailbox,
    message::{Column, Entity, Model, Relation},
    raw_message,
};

fn of(account: Uuid, id: Uuid) -> Condition {
    Condition::all()
        .add(Column::AccountId.eq(account))
        .add(Column::Id.eq(id))
}

/// What a list shows of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedMessage {
    pub(crate) id: Uuid,
    pub(crate) sender: String,
    pub(crate) from_header: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) preview_text: String,
    pub(crate) size_bytes: i64,
    pub(crate) is_read: bool,
    pub(crate) created_at_ms: i64,
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
        }
    }
}

/// A page of messages, and when it was last noted that their mailbox is in use.
pub(crate) struct Listed {
    pub(crate) messages: Vec<ListedMessage>,
    pub(crate) last_active_at_ms: Option<i64>,
}

/// Lists an active mailbox's messages not older than an id, newest first; with an owner, only of a mailbox that belongs to
/// that user. One statement says whether the mailbox is there and what is in it. What is empty may be no mailbox.
pub(crate) async fn list(
    c: &impl ConnectionTrait,
    account: Uuid,
    owner: Option<Uuid>,
    oldest: Uuid,
    limit: u64,
    offset: u64,
) -> Result<Listed, DbErr> {
    let mut select = Entity::find()
        .join(JoinType::InnerJoin, Relation::Mailbox.def())
        .filter(Column::AccountId.eq(account))
        .filter(mailbox::Column::State.eq(mailbox::State::Active))
        .filter(Column::Id.gte(oldest))
        .order_by_desc(Column::Id)
        .limit(limit)
        .offset(offset);
    if let Some(owner) = owner {
        select = select.filter(mailbox::Column::OwnerUserId.eq(owner));
    }
    // Read by position, and no more than is shown: this is asked more often than anything else.
    let rows = select
        .select_only()
        .columns([
            Column::Id,
            Column::Sender,
            Column::FromHeader,
            Column::Subject,
            Column::PreviewText,
            Column::SizeBytes,
            Column::IsRead,
            Column::CreatedAtMs,
        ])
        .column(mailbox::Column::LastActiveAtMs)
        .into_tuple()
        .all(c)
        .await?;
    let mut last_active_at_ms = None;
    let messages =
        rows.into_iter().map(|row| {
            let (
                id,
                sender,
                from_header,
                subject,
                preview_text,
                size_bytes,
                is_read,
                created_at_ms,
                last_active,
            ) = row;
            last_active_at_ms = Some(last_active);
            ListedMessage {
                id,
                sender,
                from_header,
                subject,
                preview_text,
                size_bytes,
                is_read,
                created_at_ms,
            }
        });
    Ok(Listed {
        messages: messages.collect(),
        last_active_at_ms,
    })
}

/// Whose messages are followed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Followed {
    Mailbox(Uuid),
    /// All mailboxes of a Pro user.
    Owner(Uuid),
}

/// Lists the messages with ids larger than one, oldest first, each with the address of its mailbox.
pub(crate) async fn list_after(
    c: &impl ConnectionTrait,
    followed: Followed,
    after: Uuid,
    limit: u64,
) -> Result<Vec<(Model, Option<mailbox::Model>)>, DbErr> {
    let whose = match followed {
        Followed::Mailbox(account) => Column::AccountId.eq(account),
        Followed::Owner(user) => mailbox::Column::OwnerUserId.eq(user),
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

/// Lists what was found in the bytes of messages when they came, where anything was.
pub(crate) async fn list_findings(
    c: &impl ConnectionTrait,
    raw_ids: Vec<Uuid>,
) -> Result<Vec<(Uuid, String)>, DbErr> {
    raw_message::Entity::find()
        .select_only()
        .columns([raw_message::Column::Id, raw_message::Column::Findings])
        .filter(raw_message::Column::Id.is_in(raw_ids))
        .filter(raw_message::Column::Findings.is_not_null())
        .into_tuple()
        .all(c)
        .await
}

/// Finds a mailbox's message.
pub(crate) async fn find(c: &impl ConnectionTrait, account: Uuid, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(of(account, id)).one(c).await
}

/// Finds which of a Pro user's mailboxes holds a message.
pub(crate) async fn find_holder(
    c: &impl ConnectionTrait,
    owner: Uuid,
    id: Uuid,
) -> Result<Option<Uuid>, DbErr> {
    let owned = Query::select()
        .column(mailbox::Column::Id)
        .from(mailbox::Entity)
        .and_where(Expr::col(mailbox::Column::OwnerUserId).eq(owner))
        .to_owned();
    let found = Entity::find()
        .filter(Column::AccountId.in_subquery(owned))
        .filter(Column::Id.eq(id))
        .one(c)
        .await?;
    Ok(found.map(|message| message.account_id))
}

/// Finds a mailbox's message, and keeps it from other writers until the transaction ends: of two that remove it, one
/// finds it.
pub(crate) async fn lock(c: &impl ConnectionTrait, account: Uuid, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(of(account, id))
        .lock_exclusive()
        .one(c)
        .await
}

/// Finds the bytes of a message found before, and what was found in them.
pub(crate) async fn find_raw(
    c: &impl ConnectionTrait,
    raw_id: Uuid,
) -> Result<Option<raw_message::Model>, DbErr> {
    raw_message::Entity::find_by_id(raw_id).one(c).await
}

/// Marks a message as read. Returns false when there is none.
pub(crate) async fn mark_read(c: &impl ConnectionTrait, account: Uuid, id: Uuid) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::IsRead, Expr::value(true))
        .filter(of(account, id))
        .exec(c)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Removes a message, leaving its bytes.
pub(crate) async fn remove(c: &impl ConnectionTrait, account: Uuid, id: Uuid) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(of(account, id))
        .exec(c)
        .await
        .map(drop)
}

/// Removes the bytes among some that no message names any more.
pub(crate) async fn remove_unnamed_raw(c: &impl ConnectionTrait, raw_ids: &[Uuid]) -> Result<(), DbErr> {
    let named = Query::select()
        .column(Column::RawId)
        .from(Entity)
        .and_where(Expr::col(Column::RawId).is_in(raw_ids.iter().copied()))
        .to_owned();
    raw_message::Entity::delete_many()
        .filter(raw_message::Column::Id.is_in(raw_ids.iter().copied()))
        .filter(raw_message::Column::Id.not_in_subquery(named))
        .exec(c)
        .await
        .map(drop)
}
