//! Migrations of the webhook tables. The mailbox service runs them with its own, since both share a database.

use sea_orm_migration::MigrationTrait;

mod m20261128_000002_create_webhook_tables;
mod m20261128_000013_add_webhook_pause;
mod m20261129_000140_add_webhook_suspension;
mod m20261129_000420_add_webhook_filter;
mod m20261130_000601_add_webhook_limits;

/// Returns the migrations in order. The caller merges them with its own by name.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m20261128_000002_create_webhook_tables::Migration),
        Box::new(m20261128_000013_add_webhook_pause::Migration),
        Box::new(m20261129_000140_add_webhook_suspension::Migration),
        Box::new(m20261129_000420_add_webhook_filter::Migration),
        Box::new(m20261130_000601_add_webhook_limits::Migration),
    ]
}
