//! Deletes the messages of a mailbox.

use mayfly_types::{AccountId, MessageId};

use super::{Scope, Service};
use crate::{
    error::Error,
    store::{
        mailboxes, open_mailboxes,
        removals::{self, MAX_REMOVED, batch_of},
    },
};

impl Service {
    /// Removes the messages that a mailbox has at the time of the call. Returns how many. An open mailbox without mail has none.
    #[tracing::instrument(name = "mailbox.delete_messages", level = "debug", skip_all)]
    pub(crate) async fn delete_messages(&self, scope: Scope) -> Result<u64, Error> {
        let account = scope.account();
        match self.mailbox(&scope).await {
            Err(Error::NotFound) if account.is_open() => return Ok(0),
            mailbox => drop(mailbox?),
        }
        let newest = self.store.read("find_newest_message", |c| {
            Box::pin(async move { Ok(mailboxes::list_last_message_ids(c, vec![account]).await?) })
        });
        let Some(newest) = newest.await?.into_iter().find_map(|(_, newest)| newest) else {
            return Ok(0);
        };
        let mut deleted = 0;
        loop {
            let (removed, is_last) = self.delete_oldest(account, newest).await?;
            deleted += removed;
            if is_last {
                return Ok(deleted);
            }
        }
    }

    /// Removes messages up to an id in one transaction. Returns how many, and whether there were no others.
    async fn delete_oldest(&self, account: AccountId, newest: MessageId) -> Result<(u64, bool), Error> {
        self.store
            .write("delete_messages", Some(account), move |tx| {
                Box::pin(async move {
                    if account.is_open() {
                        open_mailboxes::lock(tx, &[account]).await?;
                    }
                    let mut oldest = removals::lock_oldest(tx, account, MAX_REMOVED).await?;
                    oldest.retain(|message| message.id <= newest);
                    let due = oldest.len() as u64;
                    oldest.truncate(batch_of(
                        oldest.iter().map(|message| message.size_bytes),
                        MAX_REMOVED,
                    ));
                    removals::remove(tx, account, &oldest).await?;
                    if account.is_open() {
                        open_mailboxes::remove_if_empty(tx, account).await?;
                    }
                    let removed = oldest.len() as u64;
                    Ok((removed, removed == due && due < MAX_REMOVED))
                })
            })
            .await
    }
}
