//! Downloading the source of a message, or one of its attachments.

use std::net::IpAddr;

use axum::body::Body;
use bytes::Bytes;
use mayfly_proto::mailbox::{
    Attachment, GetAttachmentRequest, GetAttachmentResponse, GetMessageSourceRequest,
    GetMessageSourceResponse, Scope, get_attachment_response::Part,
};
use mayfly_rpc::Failure;

use super::{App, permits::Party};

/// The received bytes of a message.
pub(crate) struct MessageSource {
    pub(crate) size_bytes: i64,
    pub(crate) body: Body,
}

impl App {
    /// Streams a message byte for byte as it was received.
    ///
    /// # Errors
    /// `NotFound`, or `Expired` after its retention; `RateLimited` or `Unavailable` when no download permit is left.
    pub(crate) async fn download_source(
        &self,
        scope: Scope,
        message_id: String,
        client: IpAddr,
    ) -> Result<MessageSource, Failure> {
        let download = self.downloads.acquire(&Party::of_scope(&scope, client)).await?;
        let request = GetMessageSourceRequest {
            scope: Some(scope),
            message_id,
        };
        let mut parts = self.mailbox().get_message_source(request).await?.into_inner();
        let first = parts
            .message()
            .await?
            .ok_or_else(|| Failure::internal("the first part of a source is missing"))?;
        Ok(MessageSource {
            size_bytes: first.size_bytes.unwrap_or_default(),
            body: download.body(first.chunk, parts, |part: GetMessageSourceResponse| part.chunk),
        })
    }

    /// Streams the decoded bytes of an attachment, after its description.
    ///
    /// # Errors
    /// As [`App::download_source`]; `InvalidIndex` when the message has no such attachment.
    pub(crate) async fn download_attachment(
        &self,
        scope: Scope,
        message_id: String,
        index: u32,
        client: IpAddr,
    ) -> Result<(Attachment, Body), Failure> {
        let download = self.downloads.acquire(&Party::of_scope(&scope, client)).await?;
        let request = GetAttachmentRequest {
            scope: Some(scope),
            message_id,
            index,
        };
        let mut parts = self.mailbox().get_attachment(request).await?.into_inner();
        let Some(GetAttachmentResponse {
            part: Some(Part::Description(attachment)),
        }) = parts.message().await?
        else {
            return Err(Failure::internal("the description of an attachment is missing"));
        };
        let body = download.body(Bytes::new(), parts, |part: GetAttachmentResponse| {
            match part.part {
                Some(Part::Chunk(chunk)) => chunk,
                Some(Part::Description(_)) | None => Bytes::new(),
            }
        });
        Ok((attachment, body))
    }
}
