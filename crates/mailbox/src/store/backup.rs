//! Queries over a copy of the database, by `mayfly backup`.

use std::collections::HashSet;

use mayfly_database::Database;
use mayfly_types::AccountId;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use time::OffsetDateTime;

use super::{
    blob_owners, blobs, custom_domains,
    entities::{
        mailbox::{Column, Entity, State},
        open_mailbox, sandbox,
    },
    mailboxes, millis,
};

/// Lists the active mailboxes that clients sign in to by id: not open mailboxes and sandboxes, which have no credential.
pub(crate) async fn list_with_credential(
    database: &Database,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<AccountId>, DbErr> {
    let read = database.read("list_mailboxes_with_credential", |c| {
        let mut select = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::State.eq(State::Active))
            .filter(Column::Id.not_in_subquery(open_mailbox::accounts()))
            .filter(Column::Id.not_in_subquery(sandbox::accounts()))
            .order_by_asc(Column::Id)
            .limit(limit);
        if let Some(after) = after {
            select = select.filter(Column::Id.gt(after));
        }
        Box::pin(async move { select.into_tuple().all(c).await })
    });
    read.await
}

/// Returns those ids that no mailbox in any state has.
pub(crate) async fn without_mailbox(
    database: &Database,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>, DbErr> {
    let read = database.read("list_mailboxes_of", |c| {
        let select = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.is_in(accounts.iter().copied()));
        Box::pin(async move { select.into_tuple().all(c).await })
    });
    let found: HashSet<AccountId> = read.await?.into_iter().collect();
    Ok(accounts
        .iter()
        .copied()
        .filter(|id| !found.contains(id))
        .collect())
}

/// Turns mailboxes into tombstones.
pub(crate) async fn soft_delete(
    database: &Database,
    accounts: Vec<AccountId>,
    now: OffsetDateTime,
) -> Result<(), DbErr> {
    let write = database.tx("soft_delete_mailboxes", move |tx| {
        let accounts = accounts.clone();
        Box::pin(async move {
            mailboxes::soft_delete(tx, &accounts, millis(now)).await?;
            custom_domains::forget_catch_alls(tx, &accounts).await
        })
    });
    write.await
}

/// Removes the owner mark of the store of blobs.
pub(crate) async fn remove_blob_owner(database: &Database) -> Result<(), DbErr> {
    database
        .tx("remove_blob_owner", |tx| {
            Box::pin(async move {
                match has_table(tx, "blob_owners").await? {
                    true => blob_owners::remove(tx).await,
                    false => Ok(()),
                }
            })
        })
        .await
}

/// Counts the blobs that messages name and that the database does not have.
pub(crate) async fn count_blobs_elsewhere(database: &Database) -> Result<u64, DbErr> {
    database
        .read("count_blobs_elsewhere", |c| {
            Box::pin(async move {
                match has_table(c, "blob_parts").await? {
                    true => blobs::count_without_parts(c).await,
                    false => Ok(0),
                }
            })
        })
        .await
}

/// Returns whether a copy has a table: one that an earlier version made can lack it.
async fn has_table(c: &impl ConnectionTrait, name: &str) -> Result<bool, DbErr> {
    let sql = format!("SELECT name FROM sqlite_master WHERE name = '{name}'");
    let found = c.query_one_raw(Statement::from_string(c.get_database_backend(), sql));
    Ok(found.await?.is_some())
}
