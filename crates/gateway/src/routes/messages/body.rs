//! `GET /api/messages/{id}/body`: what a mail shows, as a document that may do nothing.

use axum::{
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use mayfly_mail_html::{InlineImages, content_security_policy};
use mayfly_proto::mailbox::{GetMessageRequest, InlineLimits, InlinePart};

use crate::{auth::MessageReader, error::ApiError, mail_html::Images, segments::Segments, state::Gateway};

/// The images that a document shows; the others are attachments only.
const INLINE_LIMITS: InlineLimits = InlineLimits {
    max_parts: mayfly_mail_html::MAX_IMAGES,
    max_bytes: mayfly_mail_html::MAX_IMAGES_BYTES,
};

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
        scope: Some(scope),
        message_id,
        inline_parts: Some(INLINE_LIMITS),
    };
    let message = gateway.mailbox().get_message(request).await?.into_inner();
    let inline = inline_images(message.inline_parts);
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

/// Returns the images that the HTML can show, by their Content-ID. Of parts with the same one, the last wins.
fn inline_images(parts: Vec<InlinePart>) -> InlineImages {
    let images = parts
        .into_iter()
        .filter_map(|part| Some((part.content_id, mayfly_mail_html::data_url(&part.data)?)));
    images.collect()
}
