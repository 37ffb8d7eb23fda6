//! Returns a message with its bodies, parsed from the raw mail.

use mayfly_mime::{Content, Extracted, InlineLimits};

use super::{MessageScope, Service, parse};
use crate::{
    error::Error,
    store::{Message, ParseStatus, extracted::StoredExtracted},
};

/// A message with its content.
#[derive(Debug)]
pub(crate) struct FullMessage {
    pub(crate) address: String,
    pub(crate) message: Message,
    pub(crate) content: Content,
    pub(crate) extracted: Extracted,
}

impl Service {
    /// Returns a message. Without bodies if the mail could not be parsed when it arrived.
    #[tracing::instrument(name = "mailbox.get_message", level = "debug", skip_all)]
    pub(crate) async fn get_message(
        &self,
        scope: MessageScope,
        message_id: &str,
        inline: Option<InlineLimits>,
    ) -> Result<FullMessage, Error> {
        let (mailbox, message) = self.message(scope, message_id).await?;
        let _memory = self.large_reads.acquire(scope.into(), message.size_bytes).await?;
        let (mut content, mut extracted) = Default::default();
        if message.parse_status == ParseStatus::Parsed {
            let raw = self.raw(&message).await?;
            let decoded = StoredExtracted::of(&raw).decode();
            let is_usable = decoded.is_ok();
            let parsed = parse(raw.bytes, move |raw| {
                let recomputed = (!is_usable).then(|| mayfly_mime::summarize(raw).1);
                (mayfly_mime::content(raw, inline), recomputed)
            });
            let ((found, recomputed), _) = parsed.await?;
            content = found;
            extracted = match decoded {
                Ok(extracted) => extracted,
                Err(reason) => {
                    self.recomputed.note(raw.id, reason);
                    let recomputed = recomputed.unwrap_or_default();
                    let stored = StoredExtracted::encode(&recomputed)?;
                    self.recomputed.store(&self.store, raw.id, stored).await;
                    recomputed
                }
            };
        }
        Ok(FullMessage {
            address: mailbox.address.clone(),
            message,
            content,
            extracted,
        })
    }
}
