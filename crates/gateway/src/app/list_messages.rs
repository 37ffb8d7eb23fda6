//! Listing the messages of a mailbox.

use mayfly_proto::mailbox::{ListMessagesRequest, MessageSummary, Scope};
use mayfly_rpc::Failure;

use super::App;

impl App {
    /// Lists one page of messages, newest first. Pages count from 1; one past the end is empty.
    ///
    /// # Errors
    /// `NotFound` when the mailbox is not the caller's.
    pub(crate) async fn list_messages(
        &self,
        scope: Scope,
        page: u32,
        page_size: u32,
    ) -> Result<Vec<MessageSummary>, Failure> {
        let request = ListMessagesRequest {
            scope: Some(scope),
            page,
            page_size,
        };
        let answer = self.mailbox().list_messages(request).await?;
        Ok(answer.into_inner().messages)
    }
}
