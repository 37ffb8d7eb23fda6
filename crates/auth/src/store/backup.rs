//! Queries over a copy of the database, by `mayfly backup`.

use std::collections::HashSet;

use mayfly_database::Database;
use mayfly_types::AccountId;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entities::credential;

/// Lists mailboxes with a credential, by id.
pub(crate) async fn list_accounts(
    database: &Database,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<AccountId>, DbErr> {
    let read = database.read("list_credentials", |c| {
        let mut select = credential::Entity::find()
            .select_only()
            .column(credential::Column::AccountId)
            .order_by_asc(credential::Column::AccountId)
            .limit(limit);
        if let Some(after) = after {
            select = select.filter(credential::Column::AccountId.gt(after));
        }
        Box::pin(async move { select.into_tuple().all(c).await })
    });
    read.await
}

/// Returns those of the mailboxes that have no credential.
pub(crate) async fn without_credential(
    database: &Database,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>, DbErr> {
    let read = database.read("list_credentials_of", |c| {
        let select = credential::Entity::find()
            .select_only()
            .column(credential::Column::AccountId)
            .filter(credential::Column::AccountId.is_in(accounts.iter().copied()));
        Box::pin(async move { select.into_tuple().all(c).await })
    });
    let found: HashSet<AccountId> = read.await?.into_iter().collect();
    Ok(accounts
        .iter()
        .copied()
        .filter(|id| !found.contains(id))
        .collect())
}

/// Deletes the credentials of mailboxes.
pub(crate) async fn delete_credentials(database: &Database, accounts: Vec<AccountId>) -> Result<(), DbErr> {
    let write = database.tx("delete_credentials", move |tx| {
        let delete = credential::Entity::delete_many()
            .filter(credential::Column::AccountId.is_in(accounts.iter().copied()));
        Box::pin(async move { delete.exec(tx).await.map(drop) })
    });
    write.await
}
