//! A Pro API token.

use mayfly_types::{TokenId, UserId};
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pro_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TokenId,
    pub user_id: UserId,
    pub name: String,
    pub token_hash: Vec<u8>,
    pub created_at_secs: i64,
    pub last_used_at_secs: Option<i64>,
    pub revoked_at_secs: Option<i64>,
    /// Bits of a set of scopes; none is all.
    pub scopes: Option<i64>,
    /// JSON of [`mayfly_types::TokenLimits`].
    pub limits: Option<String>,
    pub expires_at_secs: Option<i64>,
    /// The network of the last use.
    pub last_used_prefix: Option<String>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::user::Entity",
        from = "Column::UserId",
        to = "super::user::Column::Id"
    )]
    User,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
