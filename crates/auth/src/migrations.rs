//! The schema's migrations. They expand, then contract: the previous version also runs on the new schema.

mod m20261123_000001_create_credentials;
mod m20261123_000002_create_users;
mod m20261123_000003_create_pro_tokens;
mod m20261128_000001_create_idempotency_keys;
mod m20261128_000002_create_leases;

use sea_orm_migration::prelude::*;

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_create_credentials::Migration),
            Box::new(m20261123_000002_create_users::Migration),
            Box::new(m20261123_000003_create_pro_tokens::Migration),
            Box::new(m20261128_000001_create_idempotency_keys::Migration),
            Box::new(m20261128_000002_create_leases::Migration),
        ]
    }
}
