//! Where a Pro user is told of mail.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "webhooks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub owner_user_id: Uuid,
    pub url: String,
    pub state: State,
    /// Sealed for the webhook's id.
    pub sealed_secret: Vec<u8>,
    /// The secret before the last rotation, which signs too for a day.
    pub sealed_old_secret: Option<Vec<u8>>,
    pub old_secret_until_ms: Option<i64>,
    /// Failed attempts since the last success.
    pub failure_count: i32,
    /// How long the last success took, none before the first under its present secret.
    pub answered_in_ms: Option<i64>,
    pub last_triggered_at_ms: Option<i64>,
    pub created_at_ms: i64,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    Active = 0,
    /// It has failed too often, said that it is gone, or has too much waiting: it is told nothing until its secret is
    /// rotated.
    Failed = 1,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
