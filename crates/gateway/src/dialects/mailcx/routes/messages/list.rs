//! `GET /api/messages`

use axum::{Json, extract::State};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::message::{MessagePage, PAGE_SIZE},
    edge::{auth::MailboxPrincipal, failure::FailureResponse, page::Page},
};

/// Lists 30 messages, newest first. A page past the end is empty.
#[utoipa::path(get, path = "/messages", tag = "messages", operation_id = "list_messages",
    security(("mailbox" = [])), params(("page" = Option<String>, Query, description = "From 1; anything else is 1")),
    responses((status = 200, body = MessagePage, description = "A page of messages"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    Page(page): Page,
) -> Result<Json<MessagePage>, FailureResponse> {
    let messages = app.list_messages(principal.scope(), page, PAGE_SIZE).await?;
    Ok(Json(MessagePage::new(messages, page)))
}
