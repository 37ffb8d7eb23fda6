//! The address of a mailbox without its tag, and the lock of an address while it is reserved.

use mayfly_types::AccountId;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use sea_orm_migration::{
    prelude::{DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table},
    schema::{string, string_null},
};

use crate::{
    model,
    store::entities::{address_lock, mailbox},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = Table::alter()
            .table(mailbox::Entity)
            .add_column(string_null(mailbox::Column::UntaggedAddress))
            .to_owned();
        manager.alter_table(column).await?;
        let index = Index::create()
            .name("mailboxes_untagged_address")
            .table(mailbox::Entity)
            .col(mailbox::Column::UntaggedAddress)
            .to_owned();
        manager.create_index(index).await?;
        let locks = Table::create()
            .table(address_lock::Entity)
            .col(string(address_lock::Column::Address).primary_key())
            .to_owned();
        manager.create_table(locks).await?;
        fill(manager.get_connection()).await
    }
}

/// Fills the column for the mailboxes that exist: only those with a tag have a value.
async fn fill(c: &impl ConnectionTrait) -> Result<(), DbErr> {
    let tagged: Vec<(AccountId, String)> = mailbox::Entity::find()
        .select_only()
        .columns([mailbox::Column::Id, mailbox::Column::Address])
        .filter(mailbox::Column::Address.like("%+%"))
        .into_tuple()
        .all(c)
        .await?;
    for (id, address) in tagged {
        let untagged = address.parse().ok().and_then(|address| model::untagged(&address));
        if let Some(untagged) = untagged {
            mailbox::Entity::update_many()
                .col_expr(
                    mailbox::Column::UntaggedAddress,
                    Expr::value(untagged.to_string()),
                )
                .filter(mailbox::Column::Id.eq(id))
                .exec(c)
                .await?;
        }
    }
    Ok(())
}
