//! The password of a sandbox.

use mayfly_types::{SandboxCredentialId, SandboxId, UserId};
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sandbox_credentials")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SandboxCredentialId,
    pub user_id: UserId,
    pub sandbox_id: SandboxId,
    pub secret_hash: Vec<u8>,
    pub created_at_secs: i64,
    pub revoked_at_secs: Option<i64>,
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
