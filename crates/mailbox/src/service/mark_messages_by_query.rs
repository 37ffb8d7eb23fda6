//! Marks the messages that a query finds as read or as unread.

use std::collections::BTreeMap;

use mayfly_types::{AccountId, MailboxEvent, MessageId};

use super::{Service, search::SearchRequest};
use crate::{error::Error, store::messages};

/// Messages of one transaction.
const BATCH: usize = 100;

/// What a call marked.
#[derive(Debug)]
pub(crate) struct MarkedByQuery {
    pub(crate) changed: u64,
    /// Where the next call begins, if there can be more.
    pub(crate) next: Option<MessageId>,
}

impl Service {
    /// Marks messages, oldest first. A call examines a bounded number.
    #[tracing::instrument(name = "mailbox.mark_messages_by_query", level = "debug", skip_all)]
    pub(crate) async fn mark_messages_by_query(
        &self,
        request: SearchRequest,
        is_read: bool,
    ) -> Result<MarkedByQuery, Error> {
        let search = self.begin_search(&request).await?;
        let examined = self.examine(&search, true, request.after, request.limit).await?;
        let last = examined.found.last().map(|row| row.message.id);
        let mut by_account: BTreeMap<AccountId, Vec<MessageId>> = BTreeMap::new();
        for row in examined.found {
            let message = row.message;
            if message.is_read != is_read {
                by_account.entry(message.account_id).or_default().push(message.id);
            }
        }
        let mut changed = 0;
        for (account, ids) in by_account {
            for some in ids.chunks(BATCH) {
                changed += self.mark_those(account, some, is_read).await?;
            }
        }
        Ok(MarkedByQuery {
            changed,
            // Messages that were not indexed in time are found by the next call.
            next: examined.next.or_else(|| last.filter(|_| !search.is_complete)),
        })
    }

    /// Marks messages of a mailbox in one transaction. Returns how many changed.
    async fn mark_those(&self, account: AccountId, ids: &[MessageId], is_read: bool) -> Result<u64, Error> {
        let wanted = ids.to_vec();
        let marked = self.store.write("mark_found_messages", Some(account), move |tx| {
            let ids = wanted.clone();
            Box::pin(async move { Ok(messages::mark_each(tx, account, ids, is_read).await?) })
        });
        let changed = marked.await?;
        for id in ids {
            // Also of a message that another call marked or deleted meanwhile: readers look at the message.
            self.publish(MailboxEvent::MessageChanged(account, *id));
        }
        Ok(changed)
    }
}
