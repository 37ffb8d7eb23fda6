//! A block of an operator: mail that it matches is rejected.

use mayfly_types::BlockId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "blocks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BlockId,
    pub kind: Kind,
    /// Canonical, as `model::block` prints it.
    pub pattern: String,
    pub reason: String,
    pub created_at_ms: i64,
    /// Of the last change.
    pub updated_at_ms: i64,
    pub expires_at_ms: Option<i64>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// An envelope sender.
    Sender = 0,
    /// A network of sending clients.
    Client = 1,
    /// A recipient.
    Address = 2,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
