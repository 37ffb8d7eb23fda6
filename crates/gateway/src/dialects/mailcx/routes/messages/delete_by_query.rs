//! `DELETE /api/messages` and `DELETE /pro/api/messages`

use axum::{Json, extract::State};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::search::{ChangeParameters, DeletedByQuery},
    edge::{
        auth::{MailboxPrincipal, ProPrincipal, needs::MessagesWrite},
        client_address::ClientAddress,
        failure::FailureResponse,
        search_query::SearchQuery,
    },
};

/// Deletes the messages of the mailbox that fulfil a query, oldest first, at most 1,000. `*` alone deletes all.
#[utoipa::path(delete, path = "/messages", tag = "messages", operation_id = "delete_messages_by_query",
    security(("mailbox" = [])), params(ChangeParameters),
    responses((status = 200, body = DeletedByQuery, description = "How many are gone"), responses::Bearer, responses::Always))]
pub(crate) async fn of_mailbox(
    State(app): State<App>,
    principal: MailboxPrincipal,
    search: SearchQuery,
) -> Result<Json<DeletedByQuery>, FailureResponse> {
    let deleted = app
        .delete_messages_by_query(principal.scope(), search.query, search.cursor)
        .await?;
    Ok(Json(deleted.into()))
}

/// Deletes the messages in all mailboxes and sandboxes of the user that fulfil a query, oldest first, at most 1,000.
#[utoipa::path(delete, path = "/messages", tag = "pro", operation_id = "delete_all_messages_by_query",
    security(("pro" = ["messages:write"])), params(ChangeParameters),
    responses((status = 200, body = DeletedByQuery, description = "How many are gone"), responses::Bearer, responses::Always))]
pub(crate) async fn of_user(
    State(app): State<App>,
    principal: ProPrincipal<MessagesWrite>,
    client: ClientAddress,
    search: SearchQuery,
) -> Result<Json<DeletedByQuery>, FailureResponse> {
    let changer = principal.changer(client.0);
    let deleted = app
        .delete_messages_by_query(principal.any_scope(), search.query, search.cursor)
        .await?;
    let count = deleted.deleted.to_string();
    app.report_change(changer, "messages.deleted", count).await;
    Ok(Json(deleted.into()))
}
