//! What `mayfly backup` and `mayfly restore` need of this service's database.

use mayfly_database::{Database, OpenError};
use mayfly_types::AccountId;

use crate::{migrations::Migrator, store::backup as store};

/// Checks the schema, and that the file is undamaged. Returns the newest migration.
///
/// # Errors
/// Names what is damaged, missing or unknown.
pub async fn check(database: &Database) -> Result<String, OpenError> {
    database.check::<Migrator>().await
}

/// Lists mailboxes with a credential, by id.
///
/// # Errors
/// When the database fails.
pub async fn list_accounts(
    database: &Database,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<AccountId>, OpenError> {
    let listed = store::list_accounts(database, after, limit).await;
    listed.map_err(|error| database.failed(error))
}

/// Returns those of the mailboxes that have no credential.
///
/// # Errors
/// When the database fails.
pub async fn without_credential(
    database: &Database,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>, OpenError> {
    let absent = store::without_credential(database, accounts).await;
    absent.map_err(|error| database.failed(error))
}

/// Deletes the credentials of mailboxes.
///
/// # Errors
/// When the database fails.
pub async fn delete_credentials(database: &Database, accounts: Vec<AccountId>) -> Result<(), OpenError> {
    let deleted = store::delete_credentials(database, accounts).await;
    deleted.map_err(|error| database.failed(error))
}
