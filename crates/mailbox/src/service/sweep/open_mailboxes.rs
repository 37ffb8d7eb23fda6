//! Retention of open mailboxes.

use std::collections::BTreeMap;

use mayfly_types::{AccountId, MessageId};

use super::BATCH;
use crate::{
    error::Error,
    service::Service,
    store::{open_mailboxes, removals},
};

impl Service {
    /// Removes messages of open mailboxes older than an id, and the mailboxes whose last message goes.
    pub(super) async fn sweep_open_messages(&self, oldest: MessageId) -> Result<usize, Error> {
        self.store
            .write("sweep_open_messages", None, move |tx| {
                Box::pin(async move {
                    let old = open_mailboxes::list_messages_before(tx, oldest, BATCH).await?;
                    let mut by_account: BTreeMap<AccountId, Vec<MessageId>> = BTreeMap::new();
                    for (account, message) in &old {
                        by_account.entry(*account).or_default().push(*message);
                    }
                    let accounts: Vec<_> = by_account.keys().copied().collect();
                    open_mailboxes::lock(tx, &accounts).await?;
                    for (account, ids) in by_account {
                        let messages = removals::lock(tx, account, ids.clone()).await?;
                        removals::remove(tx, account, &messages).await?;
                        // Also of messages that are gone already.
                        open_mailboxes::forget_messages(tx, &ids).await?;
                        open_mailboxes::remove_if_empty(tx, account).await?;
                    }
                    Ok(old.len())
                })
            })
            .await
    }

    /// Removes open mailboxes that were created before a time and never had a message.
    pub(super) async fn sweep_empty_open_mailboxes(&self, before_ms: i64) -> Result<usize, Error> {
        self.store
            .write("sweep_empty_open_mailboxes", None, move |tx| {
                Box::pin(async move {
                    let ids = open_mailboxes::list_empty(tx, before_ms, BATCH).await?;
                    open_mailboxes::lock(tx, &ids).await?;
                    for id in &ids {
                        open_mailboxes::remove_if_empty(tx, *id).await?;
                    }
                    Ok(ids.len())
                })
            })
            .await
    }
}
