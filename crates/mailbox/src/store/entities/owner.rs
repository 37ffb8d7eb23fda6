//! A Pro user who owns or owned something here.

use mayfly_types::{MessageId, UserId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "owners")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// The largest id of a message that was stored in any mailbox of the user.
    pub last_message_id: Option<MessageId>,
    /// Set once the user is deleted: nothing can be created any more.
    pub deleted_at_ms: Option<i64>,
    /// Set while the user is suspended: nothing can be created meanwhile.
    pub suspended_at_ms: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
