//! A mailbox. Callers see only [`State::Active`] ones.

use mayfly_types::{AccountId, MessageId, TokenId, UserId};
use sea_orm::{Iterable, entity::prelude::*};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mailboxes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountId,
    #[sea_orm(unique)]
    pub address: String,
    /// `user@` of `user+tag@`; `None` without a tag.
    pub untagged_address: Option<String>,
    pub owner_user_id: Option<UserId>,
    pub state: State,
    pub quota_bytes: i64,
    pub used_bytes: i64,
    /// The messages that `used_bytes` counts.
    pub message_count: i64,
    pub created_at_ms: i64,
    pub last_active_at_ms: i64,
    /// Set while reserved.
    pub lease_expires_at_ms: Option<i64>,
    /// Set once deleted.
    pub deleted_at_ms: Option<i64>,
    /// The largest id of a message that was stored here.
    pub last_message_id: Option<MessageId>,
    /// The day that `received_bytes` counts, in days since 1970. Both are written only while a bound of a day is configured.
    pub received_day: i64,
    pub received_bytes: i64,
    /// The client that created it, as [`mayfly_types::client_network`] returns it. Only while a bound of each client is configured,
    /// and only without an owner.
    pub created_from: Option<String>,
    /// The token with limits that created it. It stays within reach of that token.
    pub created_by_token_id: Option<TokenId>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    Reserved = 0,
    Active = 1,
    /// A tombstone: it blocks the address.
    Deleted = 2,
    /// An operator has suspended it: it receives nothing, and nothing of it can be read.
    Suspended = 3,
    /// An operator has suspended its owner.
    SuspendedWithOwner = 4,
}

impl State {
    /// The states of a suspended mailbox.
    pub const SUSPENDED: [Self; 2] = [Self::Suspended, Self::SuspendedWithOwner];

    /// Returns how long a mailbox in this state holds its address.
    #[must_use]
    pub const fn hold(self) -> Hold {
        match self {
            Self::Active | Self::Suspended | Self::SuspendedWithOwner => Hold::Always,
            Self::Reserved => Hold::WhileLeased,
            Self::Deleted => Hold::AsTombstone,
        }
    }

    /// Returns the states of a mailbox that exists: neither a reservation nor a tombstone.
    pub fn kept() -> impl Iterator<Item = Self> {
        Self::iter().filter(|state| state.hold() == Hold::Always)
    }
}

/// How long a mailbox holds its address.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    Always,
    /// Until the lease of its reservation expires.
    WhileLeased,
    /// For some time after the deletion.
    AsTombstone,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
