//! Makes the two copies agree: what ended, or began, between them is absent from both.

use std::path::Path;

use mayfly_database::Database;
use mayfly_types::{Clock, SystemClock};

use super::{Role, file_of, remove_side_files};

/// Mailboxes in one query.
const BATCH: u64 = 1000;

/// Deletes mailboxes without a credential: they were deleted after the copy of `mailbox.db`. Deletes credentials without a
/// mailbox: those mailboxes were created after it.
pub(super) async fn reconcile(dir: &Path) -> anyhow::Result<()> {
    let mailbox = Database::open_sqlite(&dir.join(file_of(Role::Mailbox))).await?;
    let auth = Database::open_sqlite(&dir.join(file_of(Role::Auth))).await?;
    let now = SystemClock.now();
    let mut last = None;
    loop {
        let accounts = mayfly_mailbox::backup::list_with_credential(&mailbox, last, BATCH).await?;
        let Some(end) = accounts.last() else { break };
        last = Some(*end);
        let ended = mayfly_auth::backup::without_credential(&auth, &accounts).await?;
        if !ended.is_empty() {
            mayfly_mailbox::backup::soft_delete(&mailbox, ended, now).await?;
        }
    }
    let mut last = None;
    loop {
        let accounts = mayfly_auth::backup::list_accounts(&auth, last, BATCH).await?;
        let Some(end) = accounts.last() else { break };
        last = Some(*end);
        let later = mayfly_mailbox::backup::without_mailbox(&mailbox, &accounts).await?;
        if !later.is_empty() {
            mayfly_auth::backup::delete_credentials(&auth, later).await?;
        }
    }
    mailbox.close().await;
    auth.close().await;
    drop((mailbox, auth));
    remove_side_files(dir)
}
