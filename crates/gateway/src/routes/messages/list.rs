//! `GET /api/messages`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListMessagesRequest;

use crate::{
    auth::MailboxPrincipal, error::ApiError, page::Page, state::Gateway, views::message::MessagePage,
};

/// Lists 30 messages, newest first. A page past the end is empty.
#[utoipa::path(get, path = "/messages", tag = "messages", operation_id = "list_messages",
    security(("mailbox" = [])), params(("page" = Option<String>, Query, description = "From 1; anything else is 1")),
    responses((status = 200, body = MessagePage)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: MailboxPrincipal,
    Page(page): Page,
) -> Result<Json<MessagePage>, ApiError> {
    let request = ListMessagesRequest {
        scope: Some(principal.scope()),
        page,
    };
    let answer = gateway.mailbox().list_messages(request).await?.into_inner();
    Ok(Json(MessagePage::new(answer.messages, page)))
}
