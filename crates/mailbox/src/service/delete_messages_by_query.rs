//! Deletes the messages that a query finds.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use mayfly_types::{AccountId, MailboxEvent, MessageId};

use super::{Service, search::SearchRequest};
use crate::{
    error::Error,
    store::{
        open_mailboxes,
        removals::{self, MAX_REMOVED, batch_of},
    },
};

/// How long a call begins new transactions. It has a deadline, and the caller continues.
const MAX_TIME: Duration = Duration::from_secs(2);

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
            .map(|row| (row.message.account_id, row.message.id, row.message.size_bytes))
            .collect();
        let started = Instant::now();
        let (mut deleted, mut left) = (0, found.as_slice());
        while !left.is_empty() && started.elapsed() < MAX_TIME {
            let sizes = left.iter().map(|(_, _, size)| *size);
            let (batch, rest) = left.split_at(batch_of(sizes, MAX_REMOVED));
            let ids: Vec<_> = batch.iter().map(|(account, id, _)| (*account, *id)).collect();
            deleted += self.delete_those(&ids).await?;
            left = rest;
        }
        let examined_to = found.get(found.len().saturating_sub(left.len() + 1));
        let last = examined_to.map(|(_, id, _)| *id);
        let next = match left.is_empty() {
            // Messages that were not indexed in time are found by the next call.
            true => examined.next.or_else(|| last.filter(|_| !search.is_complete)),
            false => last,
        };
        Ok(DeletedMessages { deleted, next })
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
