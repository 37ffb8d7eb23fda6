//! Deletes the messages of a mailbox.

use mayfly_types::{AccountId, MessageId};

use super::{Scope, Service};
use crate::{
    error::Error,
    store::{UsedChange, mailboxes, messages, open_mailboxes, sweeps},
};

/// Messages of one transaction.
const BATCH: u64 = 100;

impl Service {
    /// Removes the messages that a mailbox has at the time of the call. Returns how many. An open mailbox without mail has none.
    #[tracing::instrument(name = "mailbox.delete_messages", level = "debug", skip_all)]
    pub(crate) async fn delete_messages(&self, scope: Scope) -> Result<u64, Error> {
        let account = scope.account();
        match self.mailbox(scope).await {
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
            let removed = self.delete_oldest(account, newest).await?;
            deleted += removed;
            if removed < BATCH {
                return Ok(deleted);
            }
        }
    }

    async fn delete_oldest(&self, account: AccountId, newest: MessageId) -> Result<u64, Error> {
        self.store
            .write("delete_messages", Some(account), move |tx| {
                Box::pin(async move {
                    if account.is_open() {
                        open_mailboxes::lock(tx, &[account]).await?;
                    }
                    let mut oldest = sweeps::lock_messages(tx, account, BATCH).await?;
                    oldest.retain(|message| message.id <= newest);
                    if account.is_open() {
                        open_mailboxes::remove_messages(tx, account, &oldest).await?;
                        open_mailboxes::remove_if_empty(tx, account).await?;
                    } else if !oldest.is_empty() {
                        let ids: Vec<_> = oldest.iter().map(|message| message.id).collect();
                        let raw_ids: Vec<_> = oldest.iter().map(|message| message.raw_id).collect();
                        sweeps::remove_messages(tx, account, &ids).await?;
                        messages::remove_unnamed_raw(tx, &raw_ids).await?;
                        let change = UsedChange {
                            account,
                            bytes: -oldest.iter().map(|message| message.size_bytes).sum::<i64>(),
                            messages: -i64::try_from(oldest.len()).unwrap_or(i64::MAX),
                        };
                        mailboxes::change_used(tx, &[change]).await?;
                    }
                    Ok(u64::try_from(oldest.len()).unwrap_or(u64::MAX))
                })
            })
            .await
    }
}
