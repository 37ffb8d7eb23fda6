//! The tables `message_search`, `message_terms` and `search_cursors`: the words of messages in mailboxes that have an owner.
//! What differs by database is in a file of each.

mod postgres;
mod sqlite;

use std::collections::HashMap;

use mayfly_search::{Lookup, TOKENIZER_VERSION};
use mayfly_types::{AccountId, MessageId, UserId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, Statement, Value,
};

use super::{
    entities::{
        mailbox,
        message::{Column, Entity, Model},
    },
    messages::Followed,
    within::{self, is_within},
};

/// The words of a message, in the columns of [`mayfly_search::Column::ALL`].
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) account: AccountId,
    pub(crate) message: MessageId,
    pub(crate) owner: UserId,
    pub(crate) words: [Vec<String>; 5],
}

/// A mailbox with messages that are not indexed yet.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub(crate) struct Behind {
    pub(crate) account_id: AccountId,
    pub(crate) owner_user_id: UserId,
    /// The last one that is; `None` if none is, or another version indexed them.
    pub(crate) indexed_message_id: Option<MessageId>,
    pub(crate) last_message_id: MessageId,
}

/// Which mailboxes are looked at.
#[derive(Debug, Clone)]
pub(crate) enum Whose {
    Followed(Followed),
    Those(Vec<AccountId>),
    /// All of them, after one.
    All(Option<AccountId>),
}

/// In which order messages are examined, and from where on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) is_oldest_first: bool,
    /// Messages up to this one have been examined.
    pub(crate) after: Option<MessageId>,
    pub(crate) limit: u64,
}

/// The placeholders of a statement, which databases write differently.
struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<Value>,
}

impl Sql {
    fn new(backend: DbBackend, text: &str) -> Self {
        Self {
            backend,
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    /// Appends a text of ours, never one of a user.
    fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder.
    fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let number = self.values.len();
        let mark = match self.backend {
            DbBackend::Sqlite => '?',
            _ => '$',
        };
        self.text.push_str(&format!("{mark}{number}"));
        self
    }

    /// Appends the condition that the mailbox of a row is within the limits of a caller, if there are any.
    fn push_limits(&mut self, column: &str, whose: &Followed) -> &mut Self {
        let Followed::Owner(owner) = whose else {
            return self;
        };
        if owner.limits.is_none() {
            return self;
        }
        let (text, values) = within::statement(owner);
        self.push(" AND ").push(column).push(" IN (");
        let mut values = values.into_iter();
        for (index, part) in text.split('?').enumerate() {
            if index > 0
                && let Some(value) = values.next()
            {
                self.bind(value);
            }
            self.push(part);
        }
        self.push(")")
    }

    fn build(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.text, self.values)
    }
}

/// Lists mailboxes with messages that are not indexed yet.
pub(crate) async fn list_behind(
    c: &impl ConnectionTrait,
    whose: Whose,
    limit: u64,
) -> Result<Vec<Behind>, DbErr> {
    let mut sql = Sql::new(
        c.get_database_backend(),
        "SELECT m.id AS account_id, m.owner_user_id, m.last_message_id, c.indexed_message_id
         FROM mailboxes m LEFT JOIN search_cursors c ON c.account_id = m.id AND c.tokenizer >= ",
    );
    sql.bind(TOKENIZER_VERSION)
        .push(" WHERE m.state = ")
        .bind(mailbox::State::Active);
    sql.push(
        " AND m.owner_user_id IS NOT NULL AND m.last_message_id IS NOT NULL
          AND (c.indexed_message_id IS NULL OR c.indexed_message_id < m.last_message_id)",
    );
    match whose {
        Whose::Followed(Followed::Mailbox(account)) => sql.push(" AND m.id = ").bind(account),
        Whose::Followed(Followed::Owner(owner)) => sql.push(" AND m.owner_user_id = ").bind(owner.user),
        Whose::Those(accounts) => {
            sql.push(" AND m.id IN (");
            for (index, account) in accounts.into_iter().enumerate() {
                sql.push(if index > 0 { ", " } else { "" }).bind(account);
            }
            sql.push(")")
        }
        Whose::All(Some(after)) => sql.push(" AND m.id > ").bind(after),
        Whose::All(None) => &mut sql,
    };
    sql.push(" ORDER BY m.id LIMIT ").bind(limit);
    Behind::find_by_statement(sql.build()).all(c).await
}

/// Adds the words of messages that still exist.
pub(crate) async fn insert(c: &impl ConnectionTrait, entries: &[Entry]) -> Result<(), DbErr> {
    for entry in entries {
        match c.get_database_backend() {
            DbBackend::Sqlite => sqlite::insert(c, entry).await?,
            _ => postgres::insert(c, entry).await?,
        }
    }
    Ok(())
}

/// Records that a mailbox is indexed up to a message.
pub(crate) async fn set_cursor(
    c: &impl ConnectionTrait,
    account: AccountId,
    indexed: MessageId,
) -> Result<(), DbErr> {
    let mut sql = Sql::new(
        c.get_database_backend(),
        "INSERT INTO search_cursors (account_id, indexed_message_id, tokenizer) SELECT id, ",
    );
    if c.get_database_backend() == DbBackend::Postgres {
        sql.push("CAST(")
            .bind(indexed)
            .push(" AS uuid), CAST(")
            .bind(TOKENIZER_VERSION)
            .push(" AS smallint)");
    } else {
        sql.bind(indexed).push(", ").bind(TOKENIZER_VERSION);
    }
    sql.push(" FROM mailboxes WHERE id = ").bind(account);
    sql.push(
        " ON CONFLICT (account_id) DO UPDATE
          SET indexed_message_id = excluded.indexed_message_id, tokenizer = excluded.tokenizer
          WHERE search_cursors.tokenizer < excluded.tokenizer
             OR (search_cursors.tokenizer = excluded.tokenizer
                 AND search_cursors.indexed_message_id < excluded.indexed_message_id)",
    );
    c.execute_raw(sql.build()).await.map(drop)
}

/// Lists messages that an index holds words of.
pub(crate) async fn list_indexed(
    c: &impl ConnectionTrait,
    whose: &Followed,
    lookups: &[Lookup],
    range: Range,
) -> Result<Vec<(AccountId, MessageId)>, DbErr> {
    match c.get_database_backend() {
        DbBackend::Sqlite => sqlite::list(c, whose, lookups, range).await,
        _ => postgres::list(c, whose, lookups, range).await,
    }
}

/// Returns whether the index of a database knows the words of the text alone.
pub(crate) fn is_body_exact(is_shared: bool) -> bool {
    !is_shared
}

/// Lists messages of a mailbox, whether they are indexed or not.
pub(crate) async fn list_stored(
    c: &impl ConnectionTrait,
    account: AccountId,
    range: Range,
) -> Result<Vec<(AccountId, MessageId)>, DbErr> {
    let select = Entity::find()
        .select_only()
        .columns([Column::AccountId, Column::Id])
        .filter(Column::AccountId.eq(account))
        .limit(range.limit);
    let select = match (range.is_oldest_first, range.after) {
        (true, None) => select.order_by_asc(Column::Id),
        (true, Some(after)) => select.order_by_asc(Column::Id).filter(Column::Id.gt(after)),
        (false, None) => select.order_by_desc(Column::Id),
        (false, Some(after)) => select.order_by_desc(Column::Id).filter(Column::Id.lt(after)),
    };
    select.into_tuple().all(c).await
}

/// Finds those of some messages that are in active mailboxes of a caller, each with its mailbox.
///
/// Two statements, because SQLite would begin a join with every active mailbox and look at all of their messages.
pub(crate) async fn find_all(
    c: &impl ConnectionTrait,
    whose: &Followed,
    ids: &[(AccountId, MessageId)],
) -> Result<Vec<(Model, mailbox::Model)>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    let by_account: Vec<&[(AccountId, MessageId)]> = sorted.chunk_by(|(a, _), (b, _)| a == b).collect();
    let of_caller = match whose {
        Followed::Mailbox(account) => Condition::all().add(mailbox::Column::Id.eq(*account)),
        Followed::Owner(owner) => is_within(owner),
    };
    let mailboxes = mailbox::Entity::find()
        .filter(mailbox::Column::Id.is_in(by_account.iter().map(|of_account| of_account[0].0)))
        .filter(of_caller)
        .filter(mailbox::Column::State.eq(mailbox::State::Active))
        .all(c)
        .await?;
    let mailboxes: HashMap<AccountId, mailbox::Model> = mailboxes
        .into_iter()
        .map(|mailbox| (mailbox.id, mailbox))
        .collect();
    let mut any = Condition::any();
    for of_account in by_account {
        let (account, messages) = (of_account[0].0, of_account.iter().map(|(_, message)| *message));
        if mailboxes.contains_key(&account) {
            let of_account = Condition::all().add(Column::AccountId.eq(account));
            any = any.add(of_account.add(Column::Id.is_in(messages)));
        }
    }
    if any.is_empty() {
        return Ok(Vec::new());
    }
    let messages = Entity::find().filter(any).all(c).await?;
    let with_mailbox = |message: Model| {
        let mailbox = mailboxes.get(&message.account_id)?.clone();
        Some((message, mailbox))
    };
    Ok(messages.into_iter().filter_map(with_mailbox).collect())
}

/// Lists messages of a mailbox after one, oldest first.
pub(crate) async fn list_after(
    c: &impl ConnectionTrait,
    account: AccountId,
    after: Option<MessageId>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut select = Entity::find()
        .filter(Column::AccountId.eq(account))
        .order_by_asc(Column::Id)
        .limit(limit);
    if let Some(after) = after {
        select = select.filter(Column::Id.gt(after));
    }
    select.all(c).await
}
