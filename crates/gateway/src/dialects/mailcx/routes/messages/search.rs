//! `GET /api/messages/search` and `GET /pro/api/messages/search`

use axum::{Json, extract::State};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::search::{SearchPage, SearchParameters},
    edge::{
        auth::{MailboxPrincipal, ProPrincipal, needs::MessagesRead},
        failure::FailureResponse,
        search_query::SearchQuery,
    },
};

/// Finds messages of the mailbox, newest first. A page can be short or empty while `next` is set.
#[utoipa::path(get, path = "/messages/search", tag = "messages", operation_id = "search_messages",
    security(("mailbox" = [])), params(SearchParameters),
    responses((status = 200, body = SearchPage, description = "Messages that fulfil the query"), responses::Bearer, responses::Always))]
pub(crate) async fn of_mailbox(
    State(app): State<App>,
    principal: MailboxPrincipal,
    search: SearchQuery,
) -> Result<Json<SearchPage>, FailureResponse> {
    let found = app
        .search_messages(principal.scope(), search.query, search.cursor, search.limit)
        .await?;
    Ok(Json(found.into()))
}

/// Finds messages in all mailboxes and sandboxes of the user, newest first. A page can be short or empty while `next` is set.
#[utoipa::path(get, path = "/messages/search", tag = "pro", operation_id = "search_all_messages",
    security(("pro" = ["messages:read"])), params(SearchParameters),
    responses((status = 200, body = SearchPage, description = "Messages that fulfil the query"), responses::Bearer, responses::Always))]
pub(crate) async fn of_user(
    State(app): State<App>,
    principal: ProPrincipal<MessagesRead>,
    search: SearchQuery,
) -> Result<Json<SearchPage>, FailureResponse> {
    let found = app
        .search_messages(principal.any_scope(), search.query, search.cursor, search.limit)
        .await?;
    Ok(Json(found.into()))
}
