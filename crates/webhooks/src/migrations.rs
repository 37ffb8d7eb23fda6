//! Migrations of the webhook tables. The mailbox service runs them with its own, since both share a database.

use sea_orm_migration::MigrationTrait;

mod m20261124_000003_create_webhooks;
mod m20261124_000009_index_webhook_events;
mod m20261128_000001_add_answered_in;

/// Returns the migrations in order. The caller merges them with its own by name.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m20261124_000003_create_webhooks::Migration),
        Box::new(m20261124_000009_index_webhook_events::Migration),
        Box::new(m20261128_000001_add_answered_in::Migration),
    ]
}
