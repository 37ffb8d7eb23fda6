//! `GET /api/me`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::GetMailboxRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App, dialects::shared::views::account::Me, edge::auth::MailboxPrincipal,
    edge::failure::FailureResponse,
};

/// Returns the mailbox of the token.
#[utoipa::path(get, path = "/me", tag = "mailbox", operation_id = "get_me", security(("mailbox" = [])),
    responses((status = 200, body = Me, description = "The mailbox"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
) -> Result<Json<Me>, FailureResponse> {
    let request = GetMailboxRequest {
        scope: Some(principal.scope()),
    };
    let answer = app.mailbox().get_mailbox(request).await?.into_inner();
    Ok(Json(answer.mailbox.unwrap_or_default().into()))
}
