//! An event for one webhook: pending, delivered or given up.

use mayfly_types::{WebhookEventId, WebhookId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookEventId,
    pub webhook_id: WebhookId,
    /// The exact bytes of the request body.
    pub body: String,
    /// The span that created the event.
    pub traceparent: Option<String>,
    /// Attempts whose outcome is recorded.
    pub attempts: i32,
    /// The next attempt, or the end of a claim. Absent once the event is delivered or given up.
    pub next_attempt_at_ms: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
