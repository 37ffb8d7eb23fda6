//! A sandbox: a mailbox that captures what an application sends, to any address.

use mayfly_types::{AccountId, SandboxId, UserId};
use sea_orm::{QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sandboxes")]
pub struct Model {
    /// Of the default sandbox, the id of its owner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SandboxId,
    pub owner_user_id: UserId,
    pub name: String,
    #[sea_orm(unique)]
    pub account_id: AccountId,
    /// The user name of its password.
    #[sea_orm(unique)]
    pub login: String,
    pub max_messages: i64,
    pub retention_ms: i64,
    /// Recipients that are mailboxes of the same owner get the mail too.
    pub deliver_to_own: bool,
    pub created_at_ms: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::mailbox::Entity",
        from = "Column::AccountId",
        to = "super::mailbox::Column::Id"
    )]
    Mailbox,
}

impl Related<super::mailbox::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Mailbox.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// The mailboxes of all sandboxes, for conditions on other tables.
pub(crate) fn accounts() -> SelectStatement {
    Entity::find()
        .select_only()
        .column(Column::AccountId)
        .into_query()
}

/// The mailboxes of a Pro user's sandboxes, for conditions on other tables.
pub(crate) fn accounts_of(owner: UserId) -> SelectStatement {
    Entity::find()
        .filter(Column::OwnerUserId.eq(owner))
        .select_only()
        .column(Column::AccountId)
        .into_query()
}
