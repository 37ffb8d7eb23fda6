//! `/v1/email/{id}`

use axum::{Json, extract::State, http::StatusCode, response::Response};
use mayfly_proto::mailbox::DeleteMessageRequest;

use crate::{
    app::App,
    dialects::{
        mailcx_v1::{credential::Caller, responses, views::EmailDetail},
        shared::{download, views::binary::Binary},
    },
    edge::{
        auth::needs::{MessagesRead, MessagesWrite},
        client_address::ClientAddress,
        failure::FailureResponse,
        segments::Segments,
        whole_message,
    },
};

/// Shows a whole mail of an open inbox, or of a mailbox of the Pro user.
#[utoipa::path(get, path = "/email/{id}", tag = "email", operation_id = "get_email", security((), ("token" = ["messages:read"])),
    params(("id" = String, Path, description = "The mail")),
    responses((status = 200, body = EmailDetail, description = "The mail"), responses::MissingEmail, responses::Always))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller<MessagesRead>,
    Segments(id): Segments<String>,
) -> Result<Response, FailureResponse> {
    let scope = app.email_scope(&id, caller.owner()).await?;
    let message = app.open_message(scope, id).await?;
    whole_message::answer(&app, message, |message| Json(EmailDetail::from(message))).await
}

/// Deletes a mail.
#[utoipa::path(delete, path = "/email/{id}", tag = "email", operation_id = "delete_email", security((), ("token" = ["messages:write"])),
    params(("id" = String, Path, description = "The mail")),
    responses((status = 204, description = "The mail is gone"), responses::MissingEmail, responses::Always))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller<MessagesWrite>,
    Segments(id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    let request = DeleteMessageRequest {
        scope: Some(app.email_scope(&id, caller.owner()).await?),
        message_id: id,
    };
    app.mailbox().delete_message(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns a mail byte for byte as it was received.
#[utoipa::path(get, path = "/email/{id}/raw", tag = "email", operation_id = "get_email_source", security((), ("token" = ["messages:read"])),
    params(("id" = String, Path, description = "The mail")),
    responses((status = 200, content_type = "message/rfc822", body = inline(Binary), description = "The mail, byte for byte"), responses::MissingEmail, responses::Always))]
pub(crate) async fn get_raw(
    State(app): State<App>,
    client: ClientAddress,
    caller: Caller<MessagesRead>,
    Segments(id): Segments<String>,
) -> Result<Response, FailureResponse> {
    let scope = app.email_scope(&id, caller.owner()).await?;
    download::source(&app, scope, id, client).await
}

/// Returns the decoded bytes of one attachment.
#[utoipa::path(get, path = "/email/{id}/attachments/{index}", tag = "email", operation_id = "get_email_attachment", security((), ("token" = ["messages:read"])),
    params(("id" = String, Path, description = "The mail"),
        ("index" = u32, Path, description = "The attachment's index, from 0")),
    responses((status = 200, content_type = "*/*", body = inline(Binary), description = "The decoded bytes, with the type that the mail declares"), responses::MissingAttachment, responses::Always))]
pub(crate) async fn get_attachment(
    State(app): State<App>,
    client: ClientAddress,
    caller: Caller<MessagesRead>,
    Segments((id, index)): Segments<(String, String)>,
) -> Result<Response, FailureResponse> {
    let scope = app.email_scope(&id, caller.owner()).await?;
    download::attachment(&app, scope, id, &index, client).await
}
