//! `GET /pro/api/accounts/{id}/messages`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListMessagesRequest;

use crate::{
    auth::ProPrincipal, error::ApiError, page::Page, segments::Segments, state::Gateway,
    views::message::MessagePage,
};

/// Lists 30 messages of one of the user's mailboxes, newest first.
#[utoipa::path(get, path = "/accounts/{id}/messages", tag = "pro", operation_id = "list_account_messages",
    security(("pro" = [])),
    params(("id" = String, Path, description = "The mailbox"),
        ("page" = Option<String>, Query, description = "From 1; anything else is 1")),
    responses((status = 200, body = MessagePage)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
    Segments(account_id): Segments<String>,
    Page(page): Page,
) -> Result<Json<MessagePage>, ApiError> {
    let request = ListMessagesRequest {
        scope: Some(principal.scope_of(account_id)),
        page,
    };
    let answer = gateway.mailbox().list_messages(request).await?.into_inner();
    Ok(Json(MessagePage::new(answer.messages, page)))
}
