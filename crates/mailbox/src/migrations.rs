//! The schema, one file per step. A step only expands the schema; a later release drops unused columns.

use sea_orm_migration::{MigrationTrait, MigratorTrait};

mod m20261123_000001_create_tables;
mod m20261124_000001_create_leases_and_owners;
mod m20261124_000002_create_custom_domains;
mod m20261124_000004_add_last_message_ids;
mod m20261124_000005_add_findings;
mod m20261124_000006_add_catch_all;
mod m20261124_000007_add_domain_checks;
mod m20261124_000008_create_usage_days;
mod m20261128_000002_create_idempotency_keys;

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations: Vec<Box<dyn MigrationTrait>> = vec![
            Box::new(m20261123_000001_create_tables::Migration),
            Box::new(m20261124_000001_create_leases_and_owners::Migration),
            Box::new(m20261124_000002_create_custom_domains::Migration),
            Box::new(m20261124_000004_add_last_message_ids::Migration),
            Box::new(m20261124_000005_add_findings::Migration),
            Box::new(m20261124_000006_add_catch_all::Migration),
            Box::new(m20261124_000007_add_domain_checks::Migration),
            Box::new(m20261124_000008_create_usage_days::Migration),
            Box::new(m20261128_000002_create_idempotency_keys::Migration),
        ];
        migrations.extend(mayfly_webhooks::migrations());
        // Names begin with their date: databases have applied the steps of both crates in this order.
        migrations.sort_by(|a, b| a.name().cmp(b.name()));
        migrations
    }
}
