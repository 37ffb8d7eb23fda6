//! `/api/accounts/{account}/messages`

use axum::{Json, extract::State, http::StatusCode, response::Response};
use mayfly_proto::mailbox::{
    DeleteMessageRequest, MarkMessageReadRequest, MarkMessagesReadRequest, MessageIds,
    mark_messages_read_request::Which,
};
use mayfly_rpc::Failure;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::{App, wait::claim_id},
    dialects::{
        mailtd::account::Account,
        shared::{
            download, responses,
            views::{
                binary::Binary,
                message::{Message, MessagePage, PAGE_SIZE},
            },
        },
    },
    edge::{
        auth::needs::{MessagesRead, MessagesWrite},
        client_address::ClientAddress,
        failure::FailureResponse,
        json::JsonBody,
        page::Page,
        segments::Segments,
        whole_message,
    },
};

/// Lists 30 messages, newest first. A page past the end is empty.
#[utoipa::path(get, path = "/accounts/{account}/messages", tag = "messages", operation_id = "list_messages",
    security(("mailbox" = []), ("pro" = ["messages:read"])),
    params(("account" = String, Path, description = "The mailbox's id or address"),
        ("page" = Option<String>, Query, description = "From 1; anything else is 1")),
    responses((status = 200, body = MessagePage, description = "A page of messages"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn list(
    State(app): State<App>,
    Account { scope, .. }: Account<MessagesRead>,
    Page(page): Page,
) -> Result<Json<MessagePage>, FailureResponse> {
    let messages = app.list_messages(scope, page, PAGE_SIZE).await?;
    Ok(Json(MessagePage::new(messages, page)))
}

/// Shows a whole message. Reading changes nothing.
#[utoipa::path(get, path = "/accounts/{account}/messages/{id}", tag = "messages", operation_id = "get_message",
    security(("mailbox" = []), ("pro" = ["messages:read"])),
    params(("account" = String, Path, description = "The mailbox's id or address"),
        ("id" = String, Path, description = "The message")),
    responses((status = 200, body = Message, description = "The message"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn get(
    State(app): State<App>,
    Account { scope, .. }: Account<MessagesRead>,
    Segments((_account, message_id)): Segments<(String, String)>,
) -> Result<Response, FailureResponse> {
    let message = app.open_message(scope, message_id).await?;
    whole_message::answer(&app, message, |message| Json(Message::from(message))).await
}

/// Marks a message as read. Repeating it changes nothing.
#[utoipa::path(put, path = "/accounts/{account}/messages/{id}/read", tag = "messages", operation_id = "mark_message_read",
    security(("mailbox" = []), ("pro" = ["messages:write"])),
    params(("account" = String, Path, description = "The mailbox's id or address"),
        ("id" = String, Path, description = "The message")),
    responses((status = 204, description = "The message is read"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn mark_read(
    State(app): State<App>,
    Account { scope, .. }: Account<MessagesWrite>,
    Segments((_account, message_id)): Segments<(String, String)>,
) -> Result<StatusCode, FailureResponse> {
    let request = MarkMessageReadRequest {
        scope: Some(scope),
        message_id,
        claim_id: claim_id(),
        is_unread: false,
    };
    app.mailbox().mark_message_read(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which messages are marked: those named, or all of them.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MarkedMessages {
    /// 1 to 1000; unknown ones are ignored.
    #[schema(min_items = 1, max_items = 1000)]
    ids: Option<Vec<String>>,
    /// True in place of `ids`.
    all: Option<bool>,
}

/// How many messages were unread.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Updated {
    updated: i64,
}

/// Marks messages as read, in one step.
#[utoipa::path(put, path = "/accounts/{account}/messages/read", tag = "messages", operation_id = "mark_messages_read",
    security(("mailbox" = []), ("pro" = ["messages:write"])), params(("account" = String, Path, description = "The mailbox's id or address")),
    request_body = MarkedMessages,
    responses((status = 200, body = Updated, description = "The messages are read"), responses::JsonBody, responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn mark_many_read(
    State(app): State<App>,
    Account { scope, .. }: Account<MessagesWrite>,
    JsonBody(body): JsonBody<MarkedMessages>,
) -> Result<Json<Updated>, FailureResponse> {
    let which = match (body.ids, body.all) {
        (Some(message_ids), _) => Which::Ids(MessageIds { message_ids }),
        (None, Some(true)) => Which::All(true),
        (None, _) => return Err(Failure::invalid_request("send ids, or all as true").into()),
    };
    let request = MarkMessagesReadRequest {
        scope: Some(scope),
        which: Some(which),
    };
    let marked = app.mailbox().mark_messages_read(request).await?.into_inner();
    Ok(Json(Updated {
        updated: marked.changed,
    }))
}

/// Deletes a message; its size is returned to the quota.
#[utoipa::path(delete, path = "/accounts/{account}/messages/{id}", tag = "messages", operation_id = "delete_message",
    security(("mailbox" = []), ("pro" = ["messages:write"])),
    params(("account" = String, Path, description = "The mailbox's id or address"),
        ("id" = String, Path, description = "The message")),
    responses((status = 204, description = "The message is gone"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn delete(
    State(app): State<App>,
    Account { scope, .. }: Account<MessagesWrite>,
    Segments((_account, message_id)): Segments<(String, String)>,
) -> Result<StatusCode, FailureResponse> {
    let request = DeleteMessageRequest {
        scope: Some(scope),
        message_id,
    };
    app.mailbox().delete_message(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns a message byte for byte as it was received.
#[utoipa::path(get, path = "/accounts/{account}/messages/{id}/source", tag = "messages", operation_id = "get_message_source",
    security(("mailbox" = []), ("pro" = ["messages:read"])),
    params(("account" = String, Path, description = "The mailbox's id or address"),
        ("id" = String, Path, description = "The message")),
    responses((status = 200, content_type = "message/rfc822", body = inline(Binary), description = "The message, byte for byte"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn get_source(
    State(app): State<App>,
    client: ClientAddress,
    Account { scope, .. }: Account<MessagesRead>,
    Segments((_account, message_id)): Segments<(String, String)>,
) -> Result<Response, FailureResponse> {
    download::source(&app, scope, message_id, client).await
}

/// Returns the decoded bytes of one attachment.
#[utoipa::path(get, path = "/accounts/{account}/messages/{id}/attachments/{index}", tag = "messages", operation_id = "get_attachment",
    security(("mailbox" = []), ("pro" = ["messages:read"])),
    params(("account" = String, Path, description = "The mailbox's id or address"),
        ("id" = String, Path, description = "The message"),
        ("index" = u32, Path, description = "The attachment's index, from 0")),
    responses((status = 200, content_type = "*/*", body = inline(Binary), description = "The decoded bytes, with the type that the mail declares"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn get_attachment(
    State(app): State<App>,
    client: ClientAddress,
    Account { scope, .. }: Account<MessagesRead>,
    Segments((_account, message_id, index)): Segments<(String, String, String)>,
) -> Result<Response, FailureResponse> {
    download::attachment(&app, scope, message_id, &index, client).await
}
