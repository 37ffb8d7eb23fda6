//! Deletes the messages of a mailbox.

use mayfly_types::MessageId;

use super::{Scope, Service};
use crate::{
    error::Error,
    store::{UsedChange, mailboxes, messages, sweeps},
};

/// Messages of one transaction.
const BATCH: u64 = 100;

impl Service {
    /// Removes the messages that a mailbox has at the time of the call. Returns how many.
    #[tracing::instrument(name = "mailbox.delete_messages", level = "debug", skip_all)]
    pub(crate) async fn delete_messages(&self, scope: Scope) -> Result<u64, Error> {
        let mailbox = self.mailbox(scope).await?;
        let account = mailbox.id;
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

    async fn delete_oldest(&self, account: mayfly_types::AccountId, newest: MessageId) -> Result<u64, Error> {
        self.store
            .write("delete_messages", Some(account), move |tx| {
                Box::pin(async move {
                    let mut oldest = sweeps::lock_messages(tx, account, BATCH).await?;
                    oldest.retain(|message| message.id <= newest);
                    let ids: Vec<_> = oldest.iter().map(|message| message.id).collect();
                    let raw_ids: Vec<_> = oldest.iter().map(|message| message.raw_id).collect();
                    let bytes: i64 = oldest.iter().map(|message| message.size_bytes).sum();
                    if !ids.is_empty() {
                        sweeps::remove_messages(tx, account, &ids).await?;
                        messages::remove_unnamed_raw(tx, &raw_ids).await?;
                        let change = UsedChange {
                            account,
                            bytes: -bytes,
                            messages: -i64::try_from(ids.len()).unwrap_or(i64::MAX),
                        };
                        mailboxes::change_used(tx, &[change]).await?;
                    }
                    Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
                })
            })
            .await
    }
}
