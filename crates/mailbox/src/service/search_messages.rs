//! Finds messages by a query.

use mayfly_types::MessageId;

use super::{
    MessageReceived, Service,
    list_messages_after::{MAX_BYTES, encoded_size},
    search::SearchRequest,
};
use crate::error::Error;

/// A page of found messages.
#[derive(Debug)]
pub(crate) struct FoundMessages {
    /// Newest first.
    pub(crate) messages: Vec<MessageReceived>,
    /// Where the next page begins, unless this is the last.
    pub(crate) next: Option<MessageId>,
    /// Every message that came before the call was examined or is on a later page.
    pub(crate) is_complete: bool,
}

impl Service {
    /// Finds messages, newest first. A page can be short or empty although there are more: a call examines a bounded number.
    #[tracing::instrument(name = "mailbox.search_messages", level = "debug", skip_all)]
    pub(crate) async fn search_messages(&self, request: SearchRequest) -> Result<FoundMessages, Error> {
        let search = self.begin_search(&request).await?;
        let examined = match request.only.is_empty() {
            true => self.examine(&search, false, request.after, request.limit).await?,
            false => self.examine_those(&search, &request.only).await?,
        };
        let (mut messages, mut next, mut bytes) = (Vec::new(), examined.next, 0);
        for row in examined.found {
            let found = self.found_message(row).await?;
            bytes += encoded_size(&found);
            if bytes > MAX_BYTES && !messages.is_empty() {
                next = messages.last().map(|last: &MessageReceived| last.message.id);
                break;
            }
            messages.push(found);
        }
        Ok(FoundMessages {
            messages,
            next,
            is_complete: search.is_complete,
        })
    }
}
