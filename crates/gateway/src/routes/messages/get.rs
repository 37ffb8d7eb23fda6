//! `GET /api/messages/{id}`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::GetMessageRequest;

use crate::{
    auth::MailboxPrincipal, error::ApiError, segments::Segments, state::Gateway, views::message::Message,
};

/// Shows a whole message. Reading changes nothing.
#[utoipa::path(get, path = "/messages/{id}", tag = "messages", operation_id = "get_message",
    security(("mailbox" = [])), params(("id" = String, Path, description = "The message")),
    responses((status = 200, body = Message)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: MailboxPrincipal,
    Segments(message_id): Segments<String>,
) -> Result<Json<Message>, ApiError> {
    let request = GetMessageRequest {
        scope: Some(principal.scope()),
        message_id,
        inline_parts: None,
    };
    Ok(Json(
        gateway.mailbox().get_message(request).await?.into_inner().into(),
    ))
}
