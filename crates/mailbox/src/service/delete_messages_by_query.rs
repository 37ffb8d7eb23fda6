//! Deletes the messages that a query finds.

use std::collections::BTreeMap;

use mayfly_types::{AccountId, MailboxEvent, MessageId};

use super::{Service, search::SearchRequest};
use crate::{
    error::Error,
    store::{UsedChange, mailboxes, messages, open_mailboxes, sweeps},
};

/// Messages of one transaction.
const BATCH: usize = 100;

/// What a call deleted.
#[derive(Debug)]
pub(crate) struct DeletedMessages {
    pub(crate) deleted: usize,
    /// Where the next call begins, if there can be more.
    pub(crate) next: Option<MessageId>,
}

impl Service {
    /// Deletes messages, oldest first. A call examines a bounded number.
    #[tracing::instrument(name = "mailbox.delete_messages_by_query", level = "debug", skip_all)]
    pub(crate) async fn delete_messages_by_query(
        &self,
        request: SearchRequest,
    ) -> Result<DeletedMessages, Error> {
        let search = self.begin_search(&request).await?;
        let examined = self.examine(&search, true, request.after, request.limit).await?;
        let found = examined.found.into_iter();
        let found: Vec<_> = found
            .map(|row| (row.message.account_id, row.message.id))
            .collect();
        let mut deleted = 0;
        for some in found.chunks(BATCH) {
            deleted += self.delete_those(some).await?;
        }
        let last = found.last().map(|(_, id)| *id);
        Ok(DeletedMessages {
            deleted,
            // Messages that were not indexed in time are found by the next call.
            next: examined.next.or_else(|| last.filter(|_| !search.is_complete)),
        })
    }

    /// Deletes messages in one transaction. Returns how many still existed.
    async fn delete_those(&self, ids: &[(AccountId, MessageId)]) -> Result<usize, Error> {
        let mut by_account: BTreeMap<AccountId, Vec<MessageId>> = BTreeMap::new();
        for (account, id) in ids {
            by_account.entry(*account).or_default().push(*id);
        }
        let accounts: Vec<AccountId> = by_account.keys().copied().collect();
        let touched = accounts.clone();
        let deleted = self.store.write("delete_found_messages", None, move |tx| {
            let (by_account, accounts) = (by_account.clone(), accounts.clone());
            Box::pin(async move {
                // Before the messages, in the order of deliveries.
                open_mailboxes::lock(tx, &accounts).await?;
                let mut deleted = Vec::new();
                for (account, ids) in by_account {
                    let found = sweeps::lock_those(tx, account, ids).await?;
                    deleted.extend(found.iter().map(|message| (account, message.id)));
                    if account.is_open() {
                        open_mailboxes::remove_messages(tx, account, &found).await?;
                        open_mailboxes::remove_if_empty(tx, account).await?;
                        continue;
                    }
                    let ids: Vec<_> = found.iter().map(|message| message.id).collect();
                    let raw_ids: Vec<_> = found.iter().map(|message| message.raw_id).collect();
                    sweeps::remove_messages(tx, account, &ids).await?;
                    messages::remove_unnamed_raw(tx, &raw_ids).await?;
                    let change = UsedChange {
                        account,
                        bytes: -found.iter().map(|message| message.size_bytes).sum::<i64>(),
                        messages: -i64::try_from(found.len()).unwrap_or(i64::MAX),
                    };
                    mailboxes::change_used(tx, &[change]).await?;
                }
                Ok(deleted)
            })
        });
        let deleted = deleted.await;
        // Also after an error: a commit that failed can have happened.
        for account in touched {
            self.store.cache().invalidate(account);
        }
        let deleted = deleted?;
        for (account, id) in &deleted {
            self.publish(MailboxEvent::MessageDeleted(*account, *id));
        }
        Ok(deleted.len())
    }
}
