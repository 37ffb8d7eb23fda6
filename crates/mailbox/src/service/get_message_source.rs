//! Returns the bytes of a message, as received.

use super::{MessageScope, Service};
use crate::error::Error;

impl Service {
    /// Returns the bytes of a message.
    #[tracing::instrument(name = "mailbox.get_message_source", level = "debug", skip_all)]
    pub(crate) async fn get_message_source(
        &self,
        scope: MessageScope,
        message_id: &str,
    ) -> Result<Vec<u8>, Error> {
        let (_, message) = self.message(scope, message_id).await?;
        Ok(self.raw(&message).await?.bytes)
    }
}
