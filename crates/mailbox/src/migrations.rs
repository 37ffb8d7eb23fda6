//! The schema, one file per step. A step only expands the schema; a later release drops unused columns.

use sea_orm_migration::{MigrationTrait, MigratorTrait};

mod m20261128_000001_create_mailbox_tables;
mod m20261128_000002_add_untagged_addresses;
mod m20261128_000010_create_operator_tables;
mod m20261128_000011_create_clock_marks;
mod m20261128_000012_add_owner_deletion;
mod m20261128_000013_add_pro_only_domains;
mod m20261128_000014_add_read_claims;
mod m20261128_000040_add_has_attachments;
mod m20261128_000041_add_owner_suspension;
mod m20261129_000110_create_sandboxes;
mod m20261129_000141_add_received_today;
mod m20261129_000200_add_message_counts;
mod m20261129_000201_add_message_addresses;
mod m20261129_000310_create_open_mailboxes;
mod m20261129_000400_create_search_index;
mod m20261129_000500_add_created_from;
mod m20261129_000501_create_acme_states;
mod m20261130_000600_add_token_limits;
mod m20261130_000700_create_blobs;
mod m20261201_000800_create_blob_owners;
mod m20261201_000900_index_outbox_by_kind;

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations: Vec<Box<dyn MigrationTrait>> = vec![
            Box::new(m20261128_000001_create_mailbox_tables::Migration),
            Box::new(m20261128_000002_add_untagged_addresses::Migration),
            Box::new(m20261128_000010_create_operator_tables::Migration),
            Box::new(m20261128_000011_create_clock_marks::Migration),
            Box::new(m20261128_000012_add_owner_deletion::Migration),
            Box::new(m20261128_000013_add_pro_only_domains::Migration),
            Box::new(m20261128_000014_add_read_claims::Migration),
            Box::new(m20261128_000040_add_has_attachments::Migration),
            Box::new(m20261128_000041_add_owner_suspension::Migration),
            Box::new(m20261129_000110_create_sandboxes::Migration),
            Box::new(m20261129_000141_add_received_today::Migration),
            Box::new(m20261129_000200_add_message_counts::Migration),
            Box::new(m20261129_000201_add_message_addresses::Migration),
            Box::new(m20261129_000310_create_open_mailboxes::Migration),
            Box::new(m20261129_000400_create_search_index::Migration),
            Box::new(m20261129_000500_add_created_from::Migration),
            Box::new(m20261129_000501_create_acme_states::Migration),
            Box::new(m20261130_000600_add_token_limits::Migration),
            Box::new(m20261130_000700_create_blobs::Migration),
            Box::new(m20261201_000800_create_blob_owners::Migration),
            Box::new(m20261201_000900_index_outbox_by_kind::Migration),
        ];
        migrations.extend(mayfly_webhooks::migrations());
        // Names begin with their date: the steps of both crates run in this order.
        migrations.sort_by(|a, b| a.name().cmp(b.name()));
        migrations
    }
}
