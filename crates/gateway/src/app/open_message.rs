//! Opening a message: its content, or the document that shows its body.

use mayfly_mail_html::{InlineImages, RemoteImages};
use mayfly_proto::mailbox::{
    GetAttachmentRequest, GetMessageRequest, GetMessageResponse, Scope, get_attachment_response::Part,
};
use mayfly_rpc::Failure;

use super::App;

impl App {
    /// Returns a whole message. Reading changes nothing.
    ///
    /// # Errors
    /// `NotFound`, or `Expired` after its retention.
    pub(crate) async fn open_message(
        &self,
        scope: Scope,
        message_id: String,
    ) -> Result<GetMessageResponse, Failure> {
        let request = GetMessageRequest {
            scope: Some(scope),
            message_id,
        };
        Ok(self.mailbox().get_message(request).await?.into_inner())
    }

    /// Returns the body of a message as an HTML document for a frame, with the images that it embeds.
    ///
    /// # Errors
    /// As [`App::open_message`]; `Unavailable` when too many documents are made at this moment.
    pub(crate) async fn render_message(
        &self,
        scope: Scope,
        message_id: String,
        images: RemoteImages,
    ) -> Result<String, Failure> {
        let message = self.open_message(scope.clone(), message_id).await?;
        let inline = self.inline_images(scope, &message).await?;
        self.cleaner
            .document(message.html_body, message.text_body, inline, images)
            .await
    }

    /// Reads the images that the HTML may show, within the bounds. Those beyond them are attachments only.
    async fn inline_images(
        &self,
        scope: Scope,
        message: &GetMessageResponse,
    ) -> Result<InlineImages, Failure> {
        let mut found = InlineImages::new();
        let summary = message.summary.as_ref();
        let message_id = summary
            .map(|summary| summary.message_id.clone())
            .unwrap_or_default();
        let html = message.html_body.as_deref();
        if !html.is_some_and(mayfly_mail_html::references_parts) {
            return Ok(found);
        }
        let mut left = mayfly_mail_html::MAX_IMAGES_BYTES;
        let images = message
            .attachments
            .iter()
            .filter(|part| mayfly_mail_html::is_image(&part.content_type));
        for part in images.take(mayfly_mail_html::MAX_IMAGES) {
            let size = usize::try_from(part.size_bytes).unwrap_or(usize::MAX);
            let Some(content_id) = part.content_id.clone().filter(|_| size <= left) else {
                continue;
            };
            left -= size;
            let request = GetAttachmentRequest {
                scope: Some(scope.clone()),
                message_id: message_id.clone(),
                index: part.index,
            };
            let mut parts = self.mailbox().get_attachment(request).await?.into_inner();
            let mut bytes = Vec::with_capacity(size);
            while let Some(part) = parts.message().await? {
                if let Some(Part::Chunk(chunk)) = part.part {
                    bytes.extend_from_slice(&chunk);
                }
            }
            if let Some(image) = mayfly_mail_html::data_url(&bytes) {
                found.insert(content_id, image);
            }
        }
        Ok(found)
    }
}
