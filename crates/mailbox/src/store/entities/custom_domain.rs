//! A domain of a Pro user, verified or not.

use mayfly_types::{AccountId, DomainId, UserId};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "custom_domains")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DomainId,
    pub user_id: UserId,
    pub name: String,
    /// The name again, set once it is verified.
    #[sea_orm(unique)]
    pub verified_name: Option<String>,
    pub verify_token: String,
    /// The result of the last check.
    pub mx_configured: bool,
    /// The mailbox that receives mail for unknown names.
    pub catch_all: Option<AccountId>,
    pub created_at_ms: i64,
    pub verified_at_ms: Option<i64>,
    /// When the proof was last checked, once it was found.
    pub checked_at_ms: Option<i64>,
    /// The first check since then without the proof.
    pub missing_since_ms: Option<i64>,
    /// When it lost its verification. It is pending from then on.
    pub lost_at_ms: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
