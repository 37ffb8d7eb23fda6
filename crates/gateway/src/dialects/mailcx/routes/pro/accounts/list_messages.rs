//! `GET /pro/api/accounts/{id}/messages`

use axum::{Json, extract::State};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::message::{MessagePage, PAGE_SIZE},
    edge::{
        auth::{ProPrincipal, needs::MessagesRead},
        failure::FailureResponse,
        page::Page,
        segments::Segments,
    },
};

/// Lists 30 messages of one of the user's mailboxes, newest first.
#[utoipa::path(get, path = "/accounts/{id}/messages", tag = "pro", operation_id = "list_account_messages",
    security(("pro" = ["messages:read"])),
    params(("id" = String, Path, description = "The mailbox"),
        ("page" = Option<String>, Query, description = "From 1; anything else is 1")),
    responses((status = 200, body = MessagePage, description = "A page of messages"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<MessagesRead>,
    Segments(account_id): Segments<String>,
    Page(page): Page,
) -> Result<Json<MessagePage>, FailureResponse> {
    let messages = app
        .list_messages(principal.scope_of(account_id), page, PAGE_SIZE)
        .await?;
    Ok(Json(MessagePage::new(messages, page)))
}
