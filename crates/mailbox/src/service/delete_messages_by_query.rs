//! Deletes the messages that a query finds.

use std::collections::BTreeMap;

use mayfly_types::{AccountId, MailboxEvent, MessageId};

use super::{Service, search::SearchRequest};
use crate::{
    error::Error,
    store::{open_mailboxes, removals},
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
                    let found = removals::lock(tx, account, ids).await?;
                    deleted.extend(found.iter().map(|message| (account, message.id)));
                    removals::remove(tx, account, &found).await?;
                    if account.is_open() {
                        open_mailboxes::remove_if_empty(tx, account).await?;
                    }
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
