//! `GET /pro/api/accounts/{id}/messages/{message_id}`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::GetMessageRequest;

use crate::{
    auth::ProPrincipal, error::ApiError, segments::Segments, state::Gateway, views::message::Message,
};

/// Shows a whole message of one of the user's mailboxes.
#[utoipa::path(get, path = "/accounts/{id}/messages/{message_id}", tag = "pro", operation_id = "get_account_message",
    security(("pro" = [])),
    params(("id" = String, Path, description = "The mailbox"),
        ("message_id" = String, Path, description = "The message")),
    responses((status = 200, body = Message)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
    Segments((account_id, message_id)): Segments<(String, String)>,
) -> Result<Json<Message>, ApiError> {
    let request = GetMessageRequest {
        scope: Some(principal.scope_of(account_id)),
        message_id,
        inline_parts: None,
    };
    Ok(Json(
        gateway.mailbox().get_message(request).await?.into_inner().into(),
    ))
}
