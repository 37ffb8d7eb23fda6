//! The schema's migrations. They expand, then contract: the previous version also runs on the new schema.

mod m20261128_000001_create_auth_tables;
mod m20261128_000010_create_operator_tables;
mod m20261129_000100_create_sandbox_credentials;
mod m20261129_000300_add_auth_key_hashes;
mod m20261130_000100_add_token_scopes;
mod m20261130_000200_add_user_roles;

use sea_orm_migration::prelude::*;

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261128_000001_create_auth_tables::Migration),
            Box::new(m20261128_000010_create_operator_tables::Migration),
            Box::new(m20261129_000100_create_sandbox_credentials::Migration),
            Box::new(m20261129_000300_add_auth_key_hashes::Migration),
            Box::new(m20261130_000100_add_token_scopes::Migration),
            Box::new(m20261130_000200_add_user_roles::Migration),
        ]
    }
}
