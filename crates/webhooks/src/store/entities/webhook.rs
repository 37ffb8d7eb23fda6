//! A URL that a Pro user's events are posted to.

use mayfly_types::{TokenId, UserId, WebhookId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhooks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookId,
    pub owner_user_id: UserId,
    pub url: String,
    pub state: State,
    /// Sealed, bound to the webhook's id.
    pub sealed_secret: Vec<u8>,
    /// The secret before the last rotation. It signs as well until `old_secret_until_ms`.
    pub sealed_old_secret: Option<Vec<u8>>,
    pub old_secret_until_ms: Option<i64>,
    /// Failed attempts since the last success.
    pub failure_count: i32,
    /// Response time of the last success; absent before the first one under the current secret.
    pub answered_in_ms: Option<i64>,
    pub last_triggered_at_ms: Option<i64>,
    pub created_at_ms: i64,
    /// Since when an operator pauses deliveries. Independent of the state, so that its owner cannot resume it.
    pub paused_at_ms: Option<i64>,
    /// Since when its owner is suspended. Nothing is delivered until the suspension ends.
    pub suspended_at_ms: Option<i64>,
    /// The query that a message must fulfil; without it every message is posted.
    pub filter: Option<String>,
    /// The token with limits that created it. Such a token reaches no other webhook.
    pub created_by_token_id: Option<TokenId>,
    /// JSON of [`mayfly_types::TokenLimits`]: messages outside them are not posted.
    pub limits: Option<String>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    Active = 0,
    /// Delivery has stopped until the secret is rotated: too many failures, a `410`, or too many pending events.
    Failed = 1,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
