//! `GET /api/messages/{id}/body`: what a mail shows, as a document that may do nothing.

use axum::{
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use mayfly_mail_html::{InlineImages, content_security_policy};
use mayfly_proto::mailbox::{
    GetAttachmentRequest, GetMessageRequest, GetMessageResponse, Scope, get_attachment_response::Part,
};

use crate::{auth::MessageReader, error::ApiError, mail_html::Images, segments::Segments, state::Gateway};

/// Answers the body of a message as an HTML document for a frame: cleaned, without scripts, and without a load from
/// elsewhere unless `images=remote` asks for it. A mail without HTML, or with HTML beyond the bounds, is shown as text.
#[utoipa::path(get, path = "/messages/{id}/body", tag = "messages", operation_id = "get_message_body",
    security(("mailbox" = []), ("pro" = []), ("ticket" = [])),
    params(("id" = String, Path, description = "The message"),
        ("images" = Option<Images>, Query, description = "Whether images are loaded from elsewhere; absent is `blocked`")),
    responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    MessageReader(scope): MessageReader,
    images: Images,
    Segments(message_id): Segments<String>,
) -> Result<Response, ApiError> {
    let request = GetMessageRequest {
        scope: Some(scope.clone()),
        message_id,
    };
    let message = gateway.mailbox().get_message(request).await?.into_inner();
    let inline = inline_images(&gateway, scope, &message).await?;
    let document = gateway
        .cleaner
        .document(message.html_body, message.text_body, inline, images.into())
        .await?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            content_security_policy(images.into()),
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_DNS_PREFETCH_CONTROL, "off"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    Ok((headers, document).into_response())
}

/// Reads the images that the HTML may show, within the bounds. What is beyond them is not shown there; each is an
/// attachment too.
async fn inline_images(
    gateway: &Gateway,
    scope: Scope,
    message: &GetMessageResponse,
) -> Result<InlineImages, ApiError> {
    let mut found = InlineImages::new();
    let message_id = message
        .summary
        .as_ref()
        .map(|summary| summary.message_id.clone())
        .unwrap_or_default();
    if !message
        .html_body
        .as_deref()
        .is_some_and(mayfly_mail_html::references_parts)
    {
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
        let mut parts = gateway.mailbox().get_attachment(request).await?.into_inner();
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
