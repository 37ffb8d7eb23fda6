//! What `mayfly backup` and `mayfly restore` need of this service's database.

use std::path::Path;

use mayfly_database::{Database, OpenError};
use mayfly_types::{AccountId, SecretKey};
use time::OffsetDateTime;

use crate::{blobs, error::Error, migrations::Migrator, store::backup as store};

pub use crate::blobs::CopiedBlobs;
pub use mayfly_webhooks::SealedSecrets;

/// Checks the schema, and that the file is undamaged. Returns the newest migration.
///
/// # Errors
/// Names what is damaged, missing or unknown.
pub async fn check(database: &Database) -> Result<String, OpenError> {
    database.check::<Migrator>().await
}

/// Counts the webhook secrets, and those that no key opens.
///
/// # Errors
/// When the database fails.
pub async fn count_sealed(database: &Database, keys: &[SecretKey]) -> Result<SealedSecrets, OpenError> {
    let counted = mayfly_webhooks::count_sealed(database, keys).await;
    counted.map_err(|error| database.failed(error))
}

/// Lists the active mailboxes that clients sign in to by id: not open mailboxes and sandboxes, which have no credential.
///
/// # Errors
/// When the database fails.
pub async fn list_with_credential(
    database: &Database,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<AccountId>, OpenError> {
    let listed = store::list_with_credential(database, after, limit).await;
    listed.map_err(|error| database.failed(error))
}

/// Returns those ids that no mailbox in any state has.
///
/// # Errors
/// When the database fails.
pub async fn without_mailbox(
    database: &Database,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>, OpenError> {
    let absent = store::without_mailbox(database, accounts).await;
    absent.map_err(|error| database.failed(error))
}

/// Turns mailboxes into tombstones.
///
/// # Errors
/// When the database fails.
pub async fn soft_delete(
    database: &Database,
    accounts: Vec<AccountId>,
    now: OffsetDateTime,
) -> Result<(), OpenError> {
    let deleted = store::soft_delete(database, accounts, now).await;
    deleted.map_err(|error| database.failed(error))
}

/// Copies the blobs that a copy of the database names from their files into the copy.
///
/// # Errors
/// When a file cannot be read or the database fails.
pub async fn copy_blobs(database: &Database, dir: &Path) -> Result<CopiedBlobs, OpenError> {
    blobs::copy_into(database, dir)
        .await
        .map_err(|error| match error {
            Error::Database(error) => database.failed(error),
            error => OpenError::Io {
                path: dir.to_owned(),
                error: std::io::Error::other(error.to_string()),
            },
        })
}

/// Removes the mark of the store of blobs from a copy of the database: the store stays with the original.
///
/// # Errors
/// When the database fails.
pub async fn disown_blobs(database: &Database) -> Result<(), OpenError> {
    let removed = store::remove_blob_owner(database).await;
    removed.map_err(|error| database.failed(error))
}

/// Counts the large messages whose bytes are not in a copy of the database.
///
/// # Errors
/// When the database fails.
pub async fn count_blobs_elsewhere(database: &Database) -> Result<u64, OpenError> {
    let counted = store::count_blobs_elsewhere(database).await;
    counted.map_err(|error| database.failed(error))
}
