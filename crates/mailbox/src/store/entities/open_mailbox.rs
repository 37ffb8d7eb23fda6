//! An open mailbox. Its address and its space are in `mailboxes`.

use mayfly_types::AccountId;
use sea_orm::{QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "open_mailboxes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// Set until the first mail.
    pub empty_since_ms: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// All open mailboxes, for conditions on other tables.
pub(crate) fn accounts() -> SelectStatement {
    Entity::find()
        .select_only()
        .column(Column::AccountId)
        .into_query()
}
