//! A mailbox in whatever state. Only [`State::Active`] ones exist for anybody outside.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mailboxes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique)]
    pub address: String,
    pub owner_user_id: Option<Uuid>,
    pub state: State,
    pub quota_bytes: i64,
    pub used_bytes: i64,
    pub created_at_ms: i64,
    pub last_active_at_ms: i64,
    /// Set while reserved.
    pub lease_expires_at_ms: Option<i64>,
    /// Set once deleted.
    pub deleted_at_ms: Option<i64>,
    /// The largest id that a message here has had.
    pub last_message_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    Reserved = 0,
    Active = 1,
    /// A tombstone: the address is kept from everyone.
    Deleted = 2,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
