//! Opening a message: its content, or the document that shows its body.

use mayfly_mail_html::{InlineImages, RemoteImages};
use mayfly_proto::mailbox::{
    CheckMessageRequest, GetMessageRequest, GetMessageResponse, InlineLimits, InlinePart, Scope,
};
use mayfly_rpc::Failure;

use super::{
    App,
    answer_memory::{HeldMemory, SMALL_MESSAGE_BYTES},
};

/// The images that a document shows; the others are attachments only.
const INLINE_LIMITS: InlineLimits = InlineLimits {
    max_parts: mayfly_mail_html::MAX_IMAGES,
    max_bytes: mayfly_mail_html::MAX_IMAGES_BYTES,
};

/// What was read of a message, with the memory that it holds if the message is large.
#[derive(Debug)]
pub(crate) struct Opened<T> {
    pub(crate) content: T,
    pub(crate) memory: Option<HeldMemory>,
}

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
    /// `NotFound`, or `Expired` after its retention; `RateLimited` or `Unavailable` without memory for a large one.
    pub(crate) async fn open_message(
        &self,
        scope: Scope,
        message_id: String,
    ) -> Result<Opened<GetMessageResponse>, Failure> {
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
    ) -> Result<Opened<GetMessageResponse>, Failure> {
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
    ) -> Result<Opened<GetMessageResponse>, Failure> {
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
    ) -> Result<Opened<String>, Failure> {
        // Before the message is read: it can be large.
        let permit = self.cleaner.permit().await?;
        let Opened { content, memory } = self.get_message(scope, message_id, Reading::InlineParts).await?;
        let inline = inline_images(content.inline_parts);
        let document = self
            .cleaner
            .document(permit, content.html_body, content.text_body, inline, images)
            .await?;
        Ok(Opened {
            content: document,
            memory,
        })
    }

    async fn get_message(
        &self,
        scope: Scope,
        message_id: String,
        reading: Reading,
    ) -> Result<Opened<GetMessageResponse>, Failure> {
        let mut request = GetMessageRequest {
            scope: Some(scope),
            message_id,
            inline_parts: (reading == Reading::InlineParts).then_some(INLINE_LIMITS),
            derives_text: reading == Reading::DerivedText,
            derives_visible_text: reading == Reading::VisibleText,
            max_size_bytes: Some(SMALL_MESSAGE_BYTES),
        };
        let small = self.mailbox().get_message(request.clone()).await?.into_inner();
        if !small.is_withheld {
            return Ok(Opened {
                content: small,
                memory: None,
            });
        }
        let size_bytes = small.summary.map_or(0, |summary| summary.size_bytes);
        let memory = self.answer_memory.acquire(size_bytes).await?;
        request.max_size_bytes = None;
        Ok(Opened {
            content: self.mailbox().get_message(request).await?.into_inner(),
            memory: Some(memory),
        })
    }
}

/// Returns the images that the HTML can show, by their Content-ID. Of parts with the same one, the last wins.
fn inline_images(parts: Vec<InlinePart>) -> InlineImages {
    let images = parts
        .into_iter()
        .filter_map(|part| Some((part.content_id, mayfly_mail_html::data_url(&part.data)?)));
    images.collect()
}
