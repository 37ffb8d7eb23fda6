//! `GET /api/messages/{id}/body`: the body of a message, as a document without scripts.

use axum::{
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use mayfly_mail_html::content_security_policy;

use crate::dialects::shared::responses;
use crate::{
    app::{App, open_message::Opened},
    edge::{auth::MessageReader, failure::FailureResponse, segments::Segments, whole_message},
    mail_html::Images,
};

/// Answers the body of a message as an HTML document for a frame: cleaned, without scripts, and without a load from
/// elsewhere unless `images=remote` asks for it. A mail without HTML, or with HTML beyond the bounds, is shown as text.
#[utoipa::path(get, path = "/messages/{id}/body", tag = "messages", operation_id = "get_message_body",
    security(("mailbox" = []), ("pro" = ["messages:read"]), ("ticket" = [])),
    params(("id" = String, Path, description = "The message"),
        ("images" = Option<String>, Query, description = "`remote` loads images from elsewhere; anything else blocks them")),
    responses((status = 200, content_type = "text/html", body = String, description = "The document"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    MessageReader(scope): MessageReader,
    images: Images,
    Segments(message_id): Segments<String>,
) -> Result<Response, FailureResponse> {
    let Opened {
        content: document,
        memory,
    } = app.render_message(scope, message_id, images.into()).await?;
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
    whole_message::send(&app, (headers, document).into_response(), memory).await
}
