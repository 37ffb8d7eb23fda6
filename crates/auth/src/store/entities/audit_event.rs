//! A change by a Pro user or a token, or a refusal.

use mayfly_types::{AuditEventId, TokenId, UserId};
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEventId,
    pub user_id: UserId,
    pub at_ms: i64,
    /// None: the user, by password or by JWT.
    pub token_id: Option<TokenId>,
    pub action: String,
    pub object: String,
    pub client_prefix: Option<String>,
    pub outcome: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
