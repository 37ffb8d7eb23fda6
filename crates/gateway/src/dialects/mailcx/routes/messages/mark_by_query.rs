//! `PUT` and `DELETE` of `/api/messages/read` and `/pro/api/messages/read`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::Scope;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::search::{ChangeParameters, MarkedByQuery},
    edge::{
        auth::{MailboxPrincipal, ProPrincipal, needs::MessagesWrite},
        failure::FailureResponse,
        search_query::SearchQuery,
    },
};

/// Marks the messages of the mailbox that fulfil a query as read, oldest first; a call finds at most 1,000. Repeat it with
/// the cursor while `more` is true.
#[utoipa::path(put, path = "/messages/read", tag = "messages", operation_id = "mark_messages_read_by_query",
    security(("mailbox" = [])), params(ChangeParameters),
    responses((status = 200, body = MarkedByQuery, description = "How many changed"), responses::Bearer, responses::Always))]
pub(crate) async fn read_of_mailbox(
    State(app): State<App>,
    principal: MailboxPrincipal,
    search: SearchQuery,
) -> Result<Json<MarkedByQuery>, FailureResponse> {
    mark(&app, principal.scope(), search, true).await
}

/// Marks the messages of the mailbox that fulfil a query as unread, oldest first; a call finds at most 1,000. Repeat it with
/// the cursor while `more` is true.
#[utoipa::path(delete, path = "/messages/read", tag = "messages", operation_id = "mark_messages_unread_by_query",
    security(("mailbox" = [])), params(ChangeParameters),
    responses((status = 200, body = MarkedByQuery, description = "How many changed"), responses::Bearer, responses::Always))]
pub(crate) async fn unread_of_mailbox(
    State(app): State<App>,
    principal: MailboxPrincipal,
    search: SearchQuery,
) -> Result<Json<MarkedByQuery>, FailureResponse> {
    mark(&app, principal.scope(), search, false).await
}

/// Marks the messages in all mailboxes and sandboxes of the user that fulfil a query as read, oldest first; a call finds at most 1,000. Repeat it with
/// the cursor while `more` is true.
#[utoipa::path(put, path = "/messages/read", tag = "pro", operation_id = "mark_all_messages_read_by_query",
    security(("pro" = ["messages:write"])), params(ChangeParameters),
    responses((status = 200, body = MarkedByQuery, description = "How many changed"), responses::Bearer, responses::Always))]
pub(crate) async fn read_of_user(
    State(app): State<App>,
    principal: ProPrincipal<MessagesWrite>,
    search: SearchQuery,
) -> Result<Json<MarkedByQuery>, FailureResponse> {
    mark(&app, principal.any_scope(), search, true).await
}

/// Marks the messages in all mailboxes and sandboxes of the user that fulfil a query as unread, oldest first; a call finds at most 1,000. Repeat it with
/// the cursor while `more` is true.
#[utoipa::path(delete, path = "/messages/read", tag = "pro", operation_id = "mark_all_messages_unread_by_query",
    security(("pro" = ["messages:write"])), params(ChangeParameters),
    responses((status = 200, body = MarkedByQuery, description = "How many changed"), responses::Bearer, responses::Always))]
pub(crate) async fn unread_of_user(
    State(app): State<App>,
    principal: ProPrincipal<MessagesWrite>,
    search: SearchQuery,
) -> Result<Json<MarkedByQuery>, FailureResponse> {
    mark(&app, principal.any_scope(), search, false).await
}

async fn mark(
    app: &App,
    scope: Scope,
    search: SearchQuery,
    is_read: bool,
) -> Result<Json<MarkedByQuery>, FailureResponse> {
    let marked = app
        .mark_messages_by_query(scope, search.query, search.cursor, is_read)
        .await?;
    Ok(Json(marked.into()))
}
