//! Returns a message with its bodies, parsed from the raw mail.

use mayfly_mime::{Content, Extracted, Header, InlineLimits};

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
    pub(crate) header: Header,
}

impl Service {
    /// Returns a message. If the mail exceeded a bound when it arrived, it has a header and no bodies; if it broke the parser,
    /// neither.
    #[tracing::instrument(name = "mailbox.get_message", level = "debug", skip_all)]
    pub(crate) async fn get_message(
        &self,
        scope: MessageScope,
        message_id: &str,
        inline: Option<InlineLimits>,
    ) -> Result<FullMessage, Error> {
        let (mailbox, mut message) = self.message(scope, message_id).await?;
        let _memory = self.large_reads.acquire(scope.into(), message.size_bytes).await?;
        let (mut content, mut extracted, mut header) = Default::default();
        match message.parse_status {
            ParseStatus::Parsed => {
                (content, extracted, header) = self.read(&message, inline).await?;
                // Also of a message that was stored before the column existed.
                message.has_attachments = Some(!content.attachments.is_empty());
            }
            ParseStatus::Truncated => {
                let raw = self.raw(&message).await?;
                (header, _) = parse(raw.bytes, mayfly_mime::header).await?;
            }
            ParseStatus::Failed => {}
        }
        Ok(FullMessage {
            address: mailbox.address.clone(),
            message,
            content,
            extracted,
            header,
        })
    }

    /// Reads a mail from its bytes. Codes and links are those that were stored, if they are usable.
    async fn read(
        &self,
        message: &Message,
        inline: Option<InlineLimits>,
    ) -> Result<(Content, Extracted, Header), Error> {
        let raw = self.raw(message).await?;
        let decoded = StoredExtracted::of(&raw).decode();
        let is_usable = decoded.is_ok();
        let parsed = parse(raw.bytes, move |raw| {
            let recomputed = (!is_usable).then(|| mayfly_mime::summarize(raw).1);
            (
                mayfly_mime::content(raw, inline),
                mayfly_mime::header(raw),
                recomputed,
            )
        });
        let ((content, header, recomputed), _) = parsed.await?;
        let extracted = match decoded {
            Ok(extracted) => extracted,
            Err(reason) => {
                self.recomputed.note(raw.id, reason);
                let recomputed = recomputed.unwrap_or_default();
                let stored = StoredExtracted::encode(&recomputed)?;
                self.recomputed.store(&self.store, raw.id, stored).await;
                recomputed
            }
        };
        Ok((content, extracted, header))
    }
}
