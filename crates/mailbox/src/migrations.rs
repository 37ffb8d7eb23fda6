//! The schema, one file per step. Steps only expand; what falls out of use is dropped in a later release.

use sea_orm_migration::{MigrationTrait, MigratorTrait};

mod m20261123_000001_create_tables;
mod m20261124_000001_create_leases_and_owners;
mod m20261124_000003_create_webhooks;

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_create_tables::Migration),
            Box::new(m20261124_000001_create_leases_and_owners::Migration),
            Box::new(m20261124_000003_create_webhooks::Migration),
        ]
    }
}
