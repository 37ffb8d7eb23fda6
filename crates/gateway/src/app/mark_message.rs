//! Marking a message as read or unread.

use mayfly_proto::mailbox::{MarkMessageReadRequest, Scope};
use mayfly_rpc::Failure;

use super::{App, wait::claim_id};

impl App {
    /// Marks a message. Repeating it changes nothing.
    ///
    /// # Errors
    /// `NotFound`, or `Expired` after its retention.
    pub(crate) async fn mark_message(
        &self,
        scope: Scope,
        message_id: String,
        is_read: bool,
    ) -> Result<(), Failure> {
        let request = MarkMessageReadRequest {
            scope: Some(scope),
            message_id,
            claim_id: claim_id(),
            is_unread: !is_read,
        };
        self.mailbox().mark_message_read(request).await?;
        Ok(())
    }
}
