//! Opening a message: its content, or the document that shows its body.

use mayfly_mail_html::{InlineImages, RemoteImages};
use mayfly_proto::mailbox::{
    CheckMessageRequest, GetMessageRequest, GetMessageResponse, InlineLimits, InlinePart, Scope,
};
use mayfly_rpc::Failure;

use super::App;

/// The images that a document shows; the others are attachments only.
const INLINE_LIMITS: InlineLimits = InlineLimits {
    max_parts: mayfly_mail_html::MAX_IMAGES,
    max_bytes: mayfly_mail_html::MAX_IMAGES_BYTES,
};

/// What is read beside the bodies as they were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Bodies,
    DerivedText,
    VisibleText,
    InlineParts,
}

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
        self.get_message(scope, message_id, Reading::Bodies).await
    }

    /// As [`App::open_message`], with a text body made from the HTML of a mail that has no text.
    ///
    /// # Errors
    /// As [`App::open_message`].
    pub(crate) async fn open_message_with_text(
        &self,
        scope: Scope,
        message_id: String,
    ) -> Result<GetMessageResponse, Failure> {
        self.get_message(scope, message_id, Reading::DerivedText).await
    }

    /// As [`App::open_message`], without the HTML and with a text body that has only what a reader sees.
    ///
    /// # Errors
    /// As [`App::open_message`].
    pub(crate) async fn open_message_visibly(
        &self,
        scope: Scope,
        message_id: String,
    ) -> Result<GetMessageResponse, Failure> {
        self.get_message(scope, message_id, Reading::VisibleText).await
    }

    /// Checks that a message can be opened, without reading it.
    ///
    /// # Errors
    /// As [`App::open_message`].
    pub(crate) async fn check_message(&self, scope: Scope, message_id: String) -> Result<(), Failure> {
        let request = CheckMessageRequest {
            scope: Some(scope),
            message_id,
        };
        self.mailbox().check_message(request).await?;
        Ok(())
    }

    /// Returns the body of a message as an HTML document for a frame, with the images that it embeds.
    ///
    /// # Errors
    /// As [`App::open_message`]; `RateLimited` or `Unavailable` when too many documents are made at this moment.
    pub(crate) async fn render_message(
        &self,
        scope: Scope,
        message_id: String,
        images: RemoteImages,
    ) -> Result<String, Failure> {
        // Before the message is read: it can be large.
        let permit = self.cleaner.permit().await?;
        let message = self.get_message(scope, message_id, Reading::InlineParts).await?;
        let inline = inline_images(message.inline_parts);
        self.cleaner
            .document(permit, message.html_body, message.text_body, inline, images)
            .await
    }

    async fn get_message(
        &self,
        scope: Scope,
        message_id: String,
        reading: Reading,
    ) -> Result<GetMessageResponse, Failure> {
        let request = GetMessageRequest {
            scope: Some(scope),
            message_id,
            inline_parts: (reading == Reading::InlineParts).then_some(INLINE_LIMITS),
            derives_text: reading == Reading::DerivedText,
            derives_visible_text: reading == Reading::VisibleText,
        };
        Ok(self.mailbox().get_message(request).await?.into_inner())
    }
}

/// Returns the images that the HTML can show, by their Content-ID. Of parts with the same one, the last wins.
fn inline_images(parts: Vec<InlinePart>) -> InlineImages {
    let images = parts
        .into_iter()
        .filter_map(|part| Some((part.content_id, mayfly_mail_html::data_url(&part.data)?)));
    images.collect()
}
