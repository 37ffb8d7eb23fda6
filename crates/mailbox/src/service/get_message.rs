//! A whole message, its bodies parsed from the bytes as received.

use mayfly_mime::{Content, Extracted};

use super::{Scope, Service, parse};
use crate::{
    error::Error,
    store::{Message, ParseStatus, extracted},
};

/// A message with all that it holds.
#[derive(Debug)]
pub(crate) struct FullMessage {
    pub(crate) address: String,
    pub(crate) message: Message,
    pub(crate) content: Content,
    pub(crate) extracted: Extracted,
}

impl Service {
    /// Returns a message; one that could not be parsed when it came has no bodies.
    #[tracing::instrument(name = "mailbox.get_message", level = "debug", skip_all)]
    pub(crate) async fn get_message(&self, scope: Scope, message_id: &str) -> Result<FullMessage, Error> {
        let (mailbox, message) = self.message(scope, message_id).await?;
        let _memory = self.large_reads.acquire(message.size_bytes).await?;
        let (mut content, mut found) = Default::default();
        if message.parse_status == ParseStatus::Parsed {
            let raw = self.raw(&message).await?;
            found = extracted::from_json(raw.findings.as_deref());
            content = parse(raw.bytes, mayfly_mime::content).await?.0;
        }
        Ok(FullMessage {
            address: mailbox.address.clone(),
            message,
            content,
            extracted: found,
        })
    }
}
