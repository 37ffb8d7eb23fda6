//! A domain that a Pro user brought along, verified or not.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "custom_domains")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub name: String,
    /// The name again, set once it is verified.
    #[sea_orm(unique)]
    pub verified_name: Option<String>,
    pub verify_token: String,
    /// What the last verification or check saw.
    pub mx_configured: bool,
    /// The mailbox that takes mail for names that nobody has or had.
    pub catch_all: Option<Uuid>,
    pub created_at_ms: i64,
    pub verified_at_ms: Option<i64>,
    /// When the proof was last asked for, once it was found.
    pub checked_at_ms: Option<i64>,
    /// The first of the checks since then that found no proof.
    pub missing_since_ms: Option<i64>,
    /// When it was verified no more; it waits from then on.
    pub lost_at_ms: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
