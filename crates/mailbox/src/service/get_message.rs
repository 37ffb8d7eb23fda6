//! Returns a message with its bodies, parsed from the raw mail.

use mayfly_mime::{Content, Extracted, Header, InlineLimits};

use super::{MessageScope, Service};
use crate::{
    config,
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
    /// The end of its retention.
    pub(crate) expires_at_ms: i64,
    /// It is larger than the caller wants, and was not read.
    pub(crate) is_withheld: bool,
}

/// What a caller wants beside the bodies.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reading {
    pub(crate) inline: Option<InlineLimits>,
    /// The text of a mail that has HTML only is made from that.
    pub(crate) derives_text: bool,
    /// As `derives_text`, without what the HTML hides from a reader. The content then has no HTML.
    pub(crate) derives_visible_text: bool,
    /// A larger message is not read.
    pub(crate) max_size_bytes: Option<u64>,
}

impl Service {
    /// Returns a message. If the mail exceeds a bound, it has the parts within it; if it broke the parser, or is larger
    /// than wanted, it has neither header nor bodies.
    #[tracing::instrument(name = "mailbox.get_message", level = "debug", skip_all)]
    pub(crate) async fn get_message(
        &self,
        scope: MessageScope,
        message_id: &str,
        reading: Reading,
    ) -> Result<FullMessage, Error> {
        let (mailbox, mut message) = self.message(scope, message_id).await?;
        let size = u64::try_from(message.size_bytes).unwrap_or(0);
        let is_withheld = reading.max_size_bytes.is_some_and(|most| size > most);
        let (mut content, mut extracted, mut header) = Default::default();
        match message.parse_status {
            ParseStatus::Parsed | ParseStatus::Truncated if !is_withheld => {
                let _memory = self.large_reads.acquire(message.size_bytes).await?;
                (content, extracted, header) = self.read(&message, reading).await?;
                // Also of a message that was stored before the column existed.
                message.has_attachments = Some(!content.attachments.is_empty());
            }
            ParseStatus::Parsed | ParseStatus::Truncated | ParseStatus::Failed => {}
        }
        let retention = config::duration(self.config.retention).whole_milliseconds();
        let retention_ms = i64::try_from(retention).unwrap_or(i64::MAX);
        Ok(FullMessage {
            expires_at_ms: message.created_at_ms.saturating_add(retention_ms),
            address: mailbox.address.clone(),
            message,
            content,
            extracted,
            header,
            is_withheld,
        })
    }

    /// Reads a mail from its bytes. Codes and links are those that were stored, if they are usable.
    async fn read(&self, message: &Message, reading: Reading) -> Result<(Content, Extracted, Header), Error> {
        let raw = self.raw(message).await?;
        let decoded = StoredExtracted::of(&raw).decode();
        let is_usable = decoded.is_ok();
        let parsed = self.parse(raw.bytes, move |raw| {
            let recomputed = (!is_usable).then(|| mayfly_mime::summarize(raw).1);
            let mut content = mayfly_mime::content(raw, reading.inline);
            if reading.derives_text && content.text_body.is_none() {
                content.text_body = content.html_body.as_deref().map(mayfly_mime::text_of_html);
            }
            if reading.derives_visible_text {
                let html = content.html_body.take();
                let is_blank = |text: &String| text.trim().is_empty();
                if content.text_body.as_ref().is_none_or(is_blank) {
                    content.text_body = html.as_deref().map(mayfly_mime::visible_text_of_html);
                }
            }
            (content, mayfly_mime::header(raw), recomputed)
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
