//! `GET /api/messages/{id}/attachments/{index}`: always a download, whatever type the mail declares.

use axum::{extract::State, response::Response};
use mayfly_proto::mailbox::Scope;
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};

use crate::dialects::mailcx::{responses, views::binary::Binary};
use crate::{
    app::App, edge::auth::MailboxPrincipal, edge::client_address::ClientAddress, edge::download,
    edge::failure::FailureResponse, edge::segments::Segments,
};

/// Returns the decoded bytes of one attachment.
#[utoipa::path(get, path = "/messages/{id}/attachments/{index}", tag = "messages", operation_id = "get_attachment",
    security(("mailbox" = [])),
    params(("id" = String, Path, description = "The message"),
        ("index" = u32, Path, description = "The attachment's index, from 0")),
    responses((status = 200, content_type = "*/*", body = inline(Binary), description = "The decoded bytes, with the type that the mail declares"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    client: ClientAddress,
    principal: MailboxPrincipal,
    Segments((message_id, index)): Segments<(String, String)>,
) -> Result<Response, FailureResponse> {
    download(&app, principal.scope(), message_id, &index, client).await
}

/// Answers with an attachment of a message.
pub(crate) async fn download(
    app: &App,
    scope: Scope,
    message_id: String,
    index: &str,
    client: ClientAddress,
) -> Result<Response, FailureResponse> {
    let is_number = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    let index = if is_number {
        index.parse().unwrap_or(u32::MAX)
    } else {
        return Err(Failure::new(
            ErrorCode::InvalidArgument,
            Reason::InvalidIndex,
            "no attachment has this index",
        )
        .into());
    };
    let (attachment, body) = app
        .download_attachment(scope, message_id, index, client.0)
        .await?;
    Ok(download::attachment(&attachment, body))
}
