//! `/pro/api/accounts/{id}/messages/{message_id}…`: what a Pro user does with a message of an own mailbox.

use axum::{extract::State, http::StatusCode, response::Response};
use mayfly_proto::mailbox::DeleteMessageRequest;

use crate::{
    app::App,
    dialects::shared::{download, responses, views::binary::Binary},
    edge::{
        auth::{
            ProPrincipal,
            needs::{MessagesRead, MessagesWrite},
        },
        client_address::ClientAddress,
        failure::FailureResponse,
        segments::Segments,
    },
};

/// Deletes a message of one of the user's mailboxes; its size is returned to the quota.
#[utoipa::path(delete, path = "/accounts/{id}/messages/{message_id}", tag = "pro", operation_id = "delete_account_message",
    security(("pro" = ["messages:write"])),
    params(("id" = String, Path, description = "The mailbox"),
        ("message_id" = String, Path, description = "The message")),
    responses((status = 204, description = "The message is gone"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn delete(
    State(app): State<App>,
    principal: ProPrincipal<MessagesWrite>,
    Segments((account_id, message_id)): Segments<(String, String)>,
) -> Result<StatusCode, FailureResponse> {
    let request = DeleteMessageRequest {
        scope: Some(principal.scope_of(account_id)),
        message_id,
    };
    app.mailbox().delete_message(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Marks a message of one of the user's mailboxes as read. Repeating it changes nothing.
#[utoipa::path(put, path = "/accounts/{id}/messages/{message_id}/read", tag = "pro", operation_id = "mark_account_message_read",
    security(("pro" = ["messages:write"])),
    params(("id" = String, Path, description = "The mailbox"),
        ("message_id" = String, Path, description = "The message")),
    responses((status = 204, description = "The message is read"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn mark_read(
    State(app): State<App>,
    principal: ProPrincipal<MessagesWrite>,
    Segments((account_id, message_id)): Segments<(String, String)>,
) -> Result<StatusCode, FailureResponse> {
    app.mark_message(principal.scope_of(account_id), message_id, true)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Marks a message of one of the user's mailboxes as unread. Repeating it changes nothing.
#[utoipa::path(delete, path = "/accounts/{id}/messages/{message_id}/read", tag = "pro", operation_id = "mark_account_message_unread",
    security(("pro" = ["messages:write"])),
    params(("id" = String, Path, description = "The mailbox"),
        ("message_id" = String, Path, description = "The message")),
    responses((status = 204, description = "The message is unread"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn mark_unread(
    State(app): State<App>,
    principal: ProPrincipal<MessagesWrite>,
    Segments((account_id, message_id)): Segments<(String, String)>,
) -> Result<StatusCode, FailureResponse> {
    app.mark_message(principal.scope_of(account_id), message_id, false)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns a message of one of the user's mailboxes byte for byte as it was received.
#[utoipa::path(get, path = "/accounts/{id}/messages/{message_id}/source", tag = "pro", operation_id = "get_account_message_source",
    security(("pro" = ["messages:read"])),
    params(("id" = String, Path, description = "The mailbox"),
        ("message_id" = String, Path, description = "The message")),
    responses((status = 200, content_type = "message/rfc822", body = inline(Binary), description = "The message, byte for byte"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn get_source(
    State(app): State<App>,
    client: ClientAddress,
    principal: ProPrincipal<MessagesRead>,
    Segments((account_id, message_id)): Segments<(String, String)>,
) -> Result<Response, FailureResponse> {
    download::source(&app, principal.scope_of(account_id), message_id, client).await
}

/// Returns the decoded bytes of one attachment of a message in one of the user's mailboxes.
#[utoipa::path(get, path = "/accounts/{id}/messages/{message_id}/attachments/{index}", tag = "pro", operation_id = "get_account_attachment",
    security(("pro" = ["messages:read"])),
    params(("id" = String, Path, description = "The mailbox"),
        ("message_id" = String, Path, description = "The message"),
        ("index" = u32, Path, description = "The attachment's index, from 0")),
    responses((status = 200, content_type = "*/*", body = inline(Binary), description = "The decoded bytes, with the type that the mail declares"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn get_attachment(
    State(app): State<App>,
    client: ClientAddress,
    principal: ProPrincipal<MessagesRead>,
    Segments((account_id, message_id, index)): Segments<(String, String, String)>,
) -> Result<Response, FailureResponse> {
    let scope = principal.scope_of(account_id);
    download::attachment(&app, scope, message_id, &index, client).await
}
