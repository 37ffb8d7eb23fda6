//! Returns one attachment, decoded.

use super::{MessageScope, ReadMemory, Service};
use crate::{error::Error, store::ParseStatus};

impl Service {
    /// Returns an attachment's description and decoded bytes, and the memory that they hold.
    #[tracing::instrument(name = "mailbox.get_attachment", level = "debug", skip_all)]
    pub(crate) async fn get_attachment(
        &self,
        scope: MessageScope,
        message_id: &str,
        index: u32,
    ) -> Result<(mayfly_mime::Attachment, Vec<u8>, ReadMemory), Error> {
        let (_, message) = self.message(scope, message_id).await?;
        // A truncated mail lists the attachments within the bounds.
        if message.parse_status == ParseStatus::Failed {
            return Err(Error::InvalidIndex);
        }
        let memory = self.large_reads.acquire(message.size_bytes).await?;
        let raw = self.raw(&message).await?.bytes;
        let (found, _) = self
            .parse(raw, move |raw| mayfly_mime::attachment(raw, index))
            .await?;
        let (attachment, bytes) = found.ok_or(Error::InvalidIndex)?;
        Ok((attachment, bytes, memory))
    }
}
