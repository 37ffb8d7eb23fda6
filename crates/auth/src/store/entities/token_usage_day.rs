//! How often a token was used on a day.

use mayfly_types::TokenId;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token_usage_days")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_id: TokenId,
    /// In UTC, since 1970-01-01.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: i64,
    pub calls: i64,
    pub refused: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
