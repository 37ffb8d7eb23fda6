//! Something that a webhook is to be told, or has been.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub webhook_id: Uuid,
    /// What is sent, to the byte.
    pub body: String,
    /// The span in which it happened.
    pub traceparent: Option<String>,
    /// Attempts whose outcome is known.
    pub attempts: i32,
    /// Also the claim, as in the outbox. Absent once it is told, or given up.
    pub next_attempt_at_ms: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
