//! Marks several messages of a mailbox as read.

use mayfly_types::{MailboxEvent, MessageId};

use super::{Scope, Service};
use crate::{error::Error, store::messages};

/// Largest number of ids of a call.
const MAX_IDS: usize = 1000;
/// Events of a call: those of the newest messages that it marked.
const MAX_EVENTS: u64 = 100;

/// Which messages are marked.
#[derive(Debug)]
pub(crate) enum MarkedMessages {
    /// Unknown ids are ignored.
    Ids(Vec<String>),
    All,
}

impl Service {
    /// Marks messages as read, in one transaction. Returns how many were unread.
    #[tracing::instrument(name = "mailbox.mark_messages_read", level = "debug", skip_all)]
    pub(crate) async fn mark_messages_read(&self, scope: Scope, which: MarkedMessages) -> Result<u64, Error> {
        let account = self.mailbox(&scope).await?.id;
        let ids = match which {
            MarkedMessages::All => None,
            MarkedMessages::Ids(ids) if !(1..=MAX_IDS).contains(&ids.len()) => {
                return Err(Error::InvalidRequest("between 1 and 1000 ids are taken"));
            }
            MarkedMessages::Ids(ids) => Some(
                ids.iter()
                    .filter_map(|id| id.parse().ok())
                    .collect::<Vec<MessageId>>(),
            ),
        };
        let oldest = self.oldest_shown(scope.account());
        let marked = self
            .store
            .write("mark_messages_read", Some(account), move |tx| {
                let unread = messages::Unread {
                    account,
                    ids: ids.clone(),
                    oldest,
                };
                Box::pin(async move {
                    // Of concurrent calls one counts a message; the others announce it once more.
                    let announced = messages::list_unread(tx, &unread, MAX_EVENTS).await?;
                    let changed = messages::mark_all_read(tx, &unread).await?;
                    Ok((announced, changed))
                })
            })
            .await;
        let (announced, changed) = marked?;
        for id in announced {
            self.publish(MailboxEvent::MessageChanged(account, id));
        }
        Ok(changed)
    }
}
