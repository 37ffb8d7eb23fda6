//! A system domain.

use mayfly_types::DomainId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "domains")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DomainId,
    #[sea_orm(unique)]
    pub name: String,
    pub sort_order: i32,
    /// In the configuration.
    pub is_listed: bool,
    /// An operator lets mailboxes be created on it.
    pub is_accepting: bool,
    /// Only Pro users can create mailboxes on it.
    pub is_pro_only: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
