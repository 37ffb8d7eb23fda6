//! Counts over the tables, for operators.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use super::{
    blocks, domains,
    entities::{
        custom_domain,
        mailbox::{self, State},
        message,
    },
};

/// What is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Statistics {
    pub(crate) active_mailboxes: u64,
    pub(crate) suspended_mailboxes: u64,
    pub(crate) messages: u64,
    pub(crate) message_bytes: i64,
    pub(crate) custom_domains: u64,
    pub(crate) blocks: u64,
    pub(crate) system_domains: u64,
    pub(crate) accepting_domains: u64,
}

/// Counts what is stored.
pub(crate) async fn count(c: &impl ConnectionTrait, now_ms: i64) -> Result<Statistics, DbErr> {
    let with_state = |states: Vec<State>| {
        mailbox::Entity::find()
            .filter(mailbox::Column::State.is_in(states))
            .count(c)
    };
    // PostgreSQL sums to a type of any length.
    let bytes = Expr::col(mailbox::Column::UsedBytes).sum().cast_as("bigint");
    let message_bytes = mailbox::Entity::find()
        .select_only()
        .column_as(bytes, "used_bytes")
        .into_tuple::<Option<i64>>()
        .one(c)
        .await?;
    let (system_domains, accepting_domains) = domains::count(c).await?;
    Ok(Statistics {
        active_mailboxes: with_state(vec![State::Active]).await?,
        suspended_mailboxes: with_state(State::SUSPENDED.to_vec()).await?,
        messages: message::Entity::find().count(c).await?,
        message_bytes: message_bytes.flatten().unwrap_or_default(),
        custom_domains: custom_domain::Entity::find().count(c).await?,
        blocks: blocks::count(c, now_ms).await?,
        system_domains,
        accepting_domains,
    })
}
