//! The existence of a message.

use super::{MessageScope, Service};
use crate::{
    error::Error,
    store::{addresses, cache::DetailedMessage},
};

impl Service {
    /// Checks that a message exists, without reading its bytes, and returns it as a list shows it; without addresses if an
    /// earlier version stored it. Fails as [`Service::get_message`] does.
    #[tracing::instrument(name = "mailbox.check_message", level = "debug", skip_all)]
    pub(crate) async fn check_message(
        &self,
        scope: MessageScope,
        message_id: &str,
    ) -> Result<DetailedMessage, Error> {
        let (_, message) = self.message(scope, message_id).await?;
        Ok(DetailedMessage {
            addresses: addresses::decode(message.addresses.as_deref()).unwrap_or_default(),
            listed: message.into(),
        })
    }
}
