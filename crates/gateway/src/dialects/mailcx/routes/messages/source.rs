//! `GET /api/messages/{id}/source`

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use mayfly_proto::mailbox::{GetMessageSourceRequest, GetMessageSourceResponse};

use mayfly_rpc::Failure;

use crate::dialects::mailcx::responses;
use crate::{
    app::App, edge::auth::MailboxPrincipal, edge::failure::FailureResponse, edge::segments::Segments,
};

/// Answers a message byte for byte as it was received.
#[utoipa::path(get, path = "/messages/{id}/source", tag = "messages", operation_id = "get_message_source",
    security(("mailbox" = [])), params(("id" = String, Path, description = "The message")),
    responses((status = 200, content_type = "message/rfc822", body = String, description = "The message, byte for byte"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    Segments(message_id): Segments<String>,
) -> Result<Response, FailureResponse> {
    let request = GetMessageSourceRequest {
        scope: Some(principal.scope()),
        message_id,
    };
    let download = app.downloads.enter().await?;
    let mut parts = app.mailbox().get_message_source(request).await?.into_inner();
    let first = parts
        .message()
        .await?
        .ok_or_else(|| Failure::internal("a source without a beginning"))?;
    let size = first.size_bytes.unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "message/rfc822".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"message.eml\"".to_owned(),
        ),
        (header::CONTENT_LENGTH, size.to_string()),
        (
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'".to_owned(),
        ),
    ];
    let body = download.body(first.chunk, parts, |part: GetMessageSourceResponse| part.chunk);
    Ok((headers, body).into_response())
}
