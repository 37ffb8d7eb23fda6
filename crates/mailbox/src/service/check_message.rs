//! The existence of a message.

use super::{MessageScope, Service};
use crate::error::Error;

impl Service {
    /// Checks that a message exists, without reading its bytes. Fails as [`Service::get_message`] does.
    #[tracing::instrument(name = "mailbox.check_message", level = "debug", skip_all)]
    pub(crate) async fn check_message(&self, scope: MessageScope, message_id: &str) -> Result<(), Error> {
        self.message(scope, message_id).await.map(drop)
    }
}
