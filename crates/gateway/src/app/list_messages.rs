//! Listing the messages of a mailbox.

use mayfly_proto::mailbox::{ListMessagesRequest, MailboxTotals, MessageSummary, Scope};
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
            is_detailed: false,
        };
        let answer = self.mailbox().list_messages(request).await?;
        Ok(answer.into_inner().messages)
    }

    /// Lists as [`App::list_messages`] does, with the addresses of each message and the totals of the mailbox.
    ///
    /// # Errors
    /// As [`App::list_messages`].
    pub(crate) async fn list_messages_detailed(
        &self,
        scope: Scope,
        page: u32,
        page_size: u32,
    ) -> Result<(Vec<MessageSummary>, MailboxTotals), Failure> {
        let request = ListMessagesRequest {
            scope: Some(scope),
            page,
            page_size,
            is_detailed: true,
        };
        let answer = self.mailbox().list_messages(request).await?.into_inner();
        Ok((answer.messages, answer.totals.unwrap_or_default()))
    }
}
