//! `GET /api/me`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::GetMailboxRequest;

use crate::{auth::MailboxPrincipal, error::ApiError, state::Gateway, views::account::Me};

/// Tells about the mailbox that asks.
#[utoipa::path(get, path = "/me", tag = "mailbox", operation_id = "get_me", security(("mailbox" = [])),
    responses((status = 200, body = Me)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: MailboxPrincipal,
) -> Result<Json<Me>, ApiError> {
    let request = GetMailboxRequest {
        scope: Some(principal.scope()),
    };
    let answer = gateway.mailbox().get_mailbox(request).await?.into_inner();
    Ok(Json(answer.mailbox.unwrap_or_default().into()))
}
