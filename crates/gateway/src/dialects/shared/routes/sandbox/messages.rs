//! `/pro/api/sandbox/messages…`: the messages of the user's default sandbox. Before the first login there are none.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use mayfly_proto::mailbox::{DeleteMessageRequest, Scope};
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};

use crate::dialects::shared::{
    download, responses,
    views::{
        binary::Binary,
        message::{Message, MessagePage, PAGE_SIZE},
        sandbox::Deleted,
    },
};
use crate::{
    app::App,
    edge::{
        auth::{
            ProPrincipal,
            needs::{SandboxRead, SandboxWrite},
        },
        client_address::ClientAddress,
        failure::FailureResponse,
        page::Page,
        segments::Segments,
        whole_message,
    },
};

/// Returns the scope of the sandbox, in which no message is before the first login.
async fn scope<N>(app: &App, principal: ProPrincipal<N>) -> Result<Scope, FailureResponse> {
    let scope = app.default_sandbox_scope(principal.owner()).await?;
    let absent = || Failure::new(ErrorCode::NotFound, Reason::NotFound, "there is no such message");
    Ok(scope.ok_or_else(absent)?)
}

/// Lists 30 messages of the default sandbox, newest first.
#[utoipa::path(get, path = "/sandbox/messages", tag = "pro", operation_id = "list_sandbox_messages", security(("pro" = ["sandbox:read"])),
    params(("page" = Option<String>, Query, description = "From 1; anything else is 1")),
    responses((status = 200, body = MessagePage, description = "A page of messages"), responses::Bearer, responses::Always))]
pub(crate) async fn list(
    State(app): State<App>,
    principal: ProPrincipal<SandboxRead>,
    Page(page): Page,
) -> Result<Json<MessagePage>, FailureResponse> {
    let messages = match app.default_sandbox_scope(principal.owner()).await? {
        Some(scope) => app.list_messages(scope, page, PAGE_SIZE).await?,
        None => Vec::new(),
    };
    Ok(Json(MessagePage::new(messages, page)))
}

/// Deletes the messages that the default sandbox has now.
#[utoipa::path(delete, path = "/sandbox/messages", tag = "pro", operation_id = "delete_sandbox_messages", security(("pro" = ["sandbox:write"])),
    responses((status = 200, body = Deleted, description = "How many there were"), responses::Bearer, responses::Always))]
pub(crate) async fn delete_all(
    State(app): State<App>,
    principal: ProPrincipal<SandboxWrite>,
) -> Result<Json<Deleted>, FailureResponse> {
    let deleted = match app.default_sandbox_scope(principal.owner()).await? {
        Some(scope) => app.delete_messages(scope).await?,
        None => 0,
    };
    Ok(Json(Deleted { deleted }))
}

/// Shows a whole message of the default sandbox. Its `address` is the first recipient.
#[utoipa::path(get, path = "/sandbox/messages/{id}", tag = "pro", operation_id = "get_sandbox_message", security(("pro" = ["sandbox:read"])),
    params(("id" = String, Path, description = "The message")),
    responses((status = 200, body = Message, description = "The message"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn get(
    State(app): State<App>,
    principal: ProPrincipal<SandboxRead>,
    Segments(message_id): Segments<String>,
) -> Result<Response, FailureResponse> {
    let scope = scope(&app, principal).await?;
    let message = app.open_message(scope, message_id).await?;
    whole_message::answer(&app, message, |message| {
        Json(Message::from(message).addressed_to_recipient())
    })
    .await
}

/// Deletes a message of the default sandbox.
#[utoipa::path(delete, path = "/sandbox/messages/{id}", tag = "pro", operation_id = "delete_sandbox_message", security(("pro" = ["sandbox:write"])),
    params(("id" = String, Path, description = "The message")),
    responses((status = 204, description = "The message is gone"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn delete(
    State(app): State<App>,
    principal: ProPrincipal<SandboxWrite>,
    Segments(message_id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    let request = DeleteMessageRequest {
        scope: Some(scope(&app, principal).await?),
        message_id,
    };
    app.mailbox().delete_message(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns a message of the default sandbox byte for byte as it was received.
#[utoipa::path(get, path = "/sandbox/messages/{id}/source", tag = "pro", operation_id = "get_sandbox_message_source",
    security(("pro" = ["sandbox:read"])), params(("id" = String, Path, description = "The message")),
    responses((status = 200, content_type = "message/rfc822", body = inline(Binary), description = "The message, byte for byte"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn get_source(
    State(app): State<App>,
    client: ClientAddress,
    principal: ProPrincipal<SandboxRead>,
    Segments(message_id): Segments<String>,
) -> Result<Response, FailureResponse> {
    let scope = scope(&app, principal).await?;
    download::source(&app, scope, message_id, client).await
}

/// Returns the decoded bytes of one attachment of a message of the default sandbox.
#[utoipa::path(get, path = "/sandbox/messages/{id}/attachments/{index}", tag = "pro", operation_id = "get_sandbox_attachment",
    security(("pro" = ["sandbox:read"])),
    params(("id" = String, Path, description = "The message"),
        ("index" = u32, Path, description = "The attachment's index, from 0")),
    responses((status = 200, content_type = "*/*", body = inline(Binary), description = "The decoded bytes, with the type that the mail declares"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn get_attachment(
    State(app): State<App>,
    client: ClientAddress,
    principal: ProPrincipal<SandboxRead>,
    Segments((message_id, index)): Segments<(String, String)>,
) -> Result<Response, FailureResponse> {
    let scope = scope(&app, principal).await?;
    download::attachment(&app, scope, message_id, &index, client).await
}
